"""The OV-coherent pair task: which two signal tokens stood in the context?

Token 0 is the read-off and ends every input. Tokens 1..n_signal are signals, the rest is noise. Exactly two signal
tokens stand in the context (independent, uniform, possibly equal) at two random places; noise (uniform) fills the
others. The label is the unordered pair:

    input  7 4 10 3 0     label "34"   (class 8 in the order 11 12 13 14 22 23 24 33 34 44)

With `uniform_elsewhere` every other position carries loss as well, towards a uniform output.
Source: Greenspan & Wynroe's OV-coherent toy model, as restated in L. Chan's comment.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from readoff.core.domain import Domain
from readoff.core.errors import BadValue, need_whole
from readoff.tasks.base import Task

MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Pairs(Task):
    """The pair task. `n_per_input` signal tokens (2 in the source) among n_ctx - 1 context places."""

    n_signal: int = 4
    n_noise: int = 7
    n_ctx: int = 5
    n_per_input: int = 2
    uniform_elsewhere: bool = False

    def __post_init__(self) -> None:
        need_whole(self, "n_signal", "n_noise", "n_ctx", "n_per_input")
        if self.n_signal < 2:
            raise BadValue(f"n_signal is {self.n_signal}; a pair task needs at least 2 signal tokens.")
        if self.n_signal + self.n_noise > 10_000 or self.n_ctx > 1_000:
            raise BadValue(
                f"{self.n_signal} signal and {self.n_noise} noise tokens at n_ctx {self.n_ctx} is no small task; "
                "the limits are 10,000 tokens and n_ctx 1,000."
            )
        if self.n_per_input < 1 or self.n_ctx < self.n_per_input + 1:
            raise BadValue(
                f"n_ctx is {self.n_ctx}; {self.n_per_input} signal tokens and the read-off need "
                f"n_ctx >= {self.n_per_input + 1}."
            )
        if self.n_noise < 0 or (self.n_noise == 0 and self.n_ctx > self.n_per_input + 1):
            raise BadValue(
                f"n_noise is {self.n_noise}, but n_ctx {self.n_ctx} leaves "
                f"{self.n_ctx - 1 - self.n_per_input} places for noise; give n_noise >= 1 or a shorter n_ctx."
            )
        n_classes = math.comb(self.n_signal + self.n_per_input - 1, self.n_per_input)
        if n_classes > MOST_CLASSES:
            raise BadValue(
                f"{self.n_per_input} of {self.n_signal} signal tokens make {n_classes:,} classes; "
                f"the limit is {MOST_CLASSES:,}."
            )

    @property
    def name(self) -> str:
        return "pairs"

    @property
    def input_tokens(self) -> tuple[str, ...]:
        return tuple(str(t) for t in range(1 + self.n_signal + self.n_noise))

    @property
    def signal_tokens(self) -> range:
        """Token numbers of the signals."""
        return range(1, self.n_signal + 1)

    @property
    def classes(self) -> tuple[tuple[int, ...], ...]:
        """The unordered signal tuples in label order."""
        return tuple(itertools.combinations_with_replacement(self.signal_tokens, self.n_per_input))

    @property
    def output_labels(self) -> tuple[str, ...]:
        joint = "" if self.n_signal < 10 else "-"
        return tuple(joint.join(map(str, pair)) for pair in self.classes)

    @property
    def loss_elsewhere(self) -> bool:
        return self.uniform_elsewhere

    @property
    def n_noise_places(self) -> int:
        return self.n_ctx - 1 - self.n_per_input

    def domain_size(self) -> int:
        places = math.comb(self.n_ctx - 1, self.n_per_input)
        return places * self.n_signal**self.n_per_input * self.n_noise**self.n_noise_places

    def _enumerate(self) -> Domain:
        signals = _grid(self.n_signal, self.n_per_input) + 1
        noise = _grid(self.n_noise, self.n_noise_places) + 1 + self.n_signal
        number = {pair: i for i, pair in enumerate(self.classes)}
        label = np.array([number[tuple(sorted(row))] for row in signals.tolist()], dtype=np.int64)
        blocks, labels = [], []
        for places in itertools.combinations(range(self.n_ctx - 1), self.n_per_input):
            rest = [p for p in range(self.n_ctx - 1) if p not in places]
            block = np.zeros((len(signals), len(noise), self.n_ctx), dtype=np.int32)
            block[:, :, list(places)] = signals[:, None, :]
            block[:, :, rest] = noise[None, :, :]
            blocks.append(block.reshape(-1, self.n_ctx))
            labels.append(np.repeat(label, len(noise)))
        tokens = np.concatenate(blocks)
        ones = np.ones(len(tokens), dtype=np.int64)
        return Domain(tokens, np.concatenate(labels), ones, len(tokens), ones)


def _grid(base: int, length: int) -> np.ndarray:
    """int32 [base**length, length]: all words of the given length, last digit fastest."""
    if length == 0:
        return np.zeros((1, 0), dtype=np.int32)
    return np.array(list(itertools.product(range(base), repeat=length)), dtype=np.int32).reshape(-1, length)
