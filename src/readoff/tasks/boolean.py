"""Functions of bits: parity, where a token is a bit, and any truth table, where a token is a bit at a place.

    Parity(3)             input  1 0 1 =        label "even"     tokens 0 1 =
    Xor()                 Parity(2)
    TruthTable((0,1,1,0)) input  a0 b1 =        label "1"        tokens a0 a1 b0 b1 =

All 2^bits inputs are equally likely. Parity depends on how many ones there are, so a network without positions can do
it. A truth table in general depends on which bit is which, so there each bit has two tokens of its own; then positions
(or a token for every position and value) add nothing.

>>> Parity(3).domain_size(), len(Parity(3).domain(orbits=True)), Xor().output_labels
(8, 4, ('even', 'odd'))
>>> TruthTable((0, 1, 1, 0)).input_tokens
('a0', 'a1', 'b0', 'b1', '=')
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from readoff.core.domain import Domain
from readoff.core.errors import BadValue, need_whole
from readoff.tasks.base import Task

MAX_BITS = 16


@dataclass(frozen=True)
class Parity(Task):
    """Is the number of ones among `bits` bits odd?"""

    bits: int = 2

    def __post_init__(self) -> None:
        need_whole(self, "bits")
        if not 1 <= self.bits <= MAX_BITS:
            raise BadValue(f"Parity({self.bits}): expected 1 to {MAX_BITS} bits.")

    @property
    def name(self) -> str:
        return f"parity{self.bits}"

    @property
    def n_ctx(self) -> int:
        return self.bits + 1

    @property
    def input_tokens(self) -> tuple[str, ...]:
        return ("0", "1", "=")

    @property
    def output_labels(self) -> tuple[str, ...]:
        return ("even", "odd")

    def domain_size(self) -> int:
        return 2**self.bits

    def _enumerate(self) -> Domain:
        bits = all_bits(self.bits)
        tokens = np.insert(bits, self.bits, 2, axis=1).astype(np.int32)
        return _uniform(tokens, bits.sum(axis=1) % 2)


def Xor() -> Parity:
    """Exclusive or: parity of two bits."""
    return Parity(2)


@dataclass(frozen=True)
class TruthTable(Task):
    """`outputs[i]` is the output number on the bits of i, most significant (a) first; 2^bits entries."""

    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        need_whole(self, "outputs")
        object.__setattr__(self, "outputs", tuple(int(o) for o in self.outputs))
        n = len(self.outputs)
        if n < 2 or n & (n - 1) or n > 2**MAX_BITS:
            raise BadValue(f"a truth table of k bits has 2^k entries, k from 1 to {MAX_BITS}; got {n}.")
        if min(self.outputs) < 0 or len(set(self.outputs)) < 2:
            raise BadValue("a truth table needs output numbers >= 0, at least two different ones.")

    @staticmethod
    def of(function: Callable[..., object], bits: int) -> "TruthTable":
        """The table of a Python function of `bits` arguments, each 0 or 1."""
        if not 1 <= bits <= MAX_BITS:
            raise BadValue(f"a truth table of {bits} bits: expected 1 to {MAX_BITS}.")
        answers = [function(*row) for row in all_bits(bits).tolist()]
        wrong = next((a for a in answers if not isinstance(a, bool | int | np.integer)), None)
        if wrong is not None:
            raise BadValue(f"the function gave {wrong!r}; expected True, False or an output number.")
        return TruthTable(tuple(int(a) for a in answers))  # type: ignore[call-overload]

    @property
    def bits(self) -> int:
        return len(self.outputs).bit_length() - 1

    @property
    def name(self) -> str:
        return f"truth{self.bits}"

    @property
    def n_ctx(self) -> int:
        return self.bits + 1

    @property
    def input_tokens(self) -> tuple[str, ...]:
        return (*(f"{chr(97 + i)}{v}" for i in range(self.bits) for v in (0, 1)), "=")

    @property
    def output_labels(self) -> tuple[str, ...]:
        return tuple(str(o) for o in range(max(self.outputs) + 1))

    def domain_size(self) -> int:
        return len(self.outputs)

    def _enumerate(self) -> Domain:
        tokens = all_bits(self.bits) + 2 * np.arange(self.bits)
        return _uniform(np.insert(tokens, self.bits, 2 * self.bits, axis=1).astype(np.int32), np.array(self.outputs))


def all_bits(n: int) -> np.ndarray:
    """int64 [2^n, n]: the binary numbers in order, most significant bit first."""
    return (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1


def _uniform(tokens: np.ndarray, labels: np.ndarray) -> Domain:
    ones = np.ones(len(tokens), np.int64)
    return Domain(tokens, labels.astype(np.int64), ones, len(tokens), ones)
