"""Hand-built networks for the words of `circuits.superposition`: one for every yes and every no.

    pentagon         five sparse features, at most one active, on corners in a 2-dim. head   superposed
    scalar_code      three sparse features as the numbers 1, 4, 6 in a head of d_head 1      not: no thresholds
    rotated          four independent features in a head's 4 rotated dimensions              polysemantic, unsuperposed
    nonlinear_units  two features in two MLP neurons, read by no linear map                  polysemantic, nonlinear
    composed         eight objects as two digits 0, 1, 2, one digit a head                   polysemantic, no directions
    copies           one feature in three heads alike                                        distributed, redundant
    aligned          a unit of the head for every feature                                    decomposable, nothing else
    residual         the same, seen in the residual stream                                   decomposable, nothing else

All are one-layer networks with uniform attention, so a head passes on the mean of its values over the input, and with
values that are whole numbers or halves the spaces are exact (`circuits.spaces.exact_head_space`). Inputs end in "=".

>>> [case.network.architecture.n_heads for case in CASES()][:5], pentagon().task.input_tokens
([1, 1, 1, 1, 2], ('none', 'f1', 'f2', 'f3', 'f4', 'f5', '='))

Features of which at most one is active always add up, so "decomposable" says little there.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from readoff.circuits.features import Features, token_counts
from readoff.circuits.spaces import HEADS, space_of
from readoff.networks.architecture import Architecture
from readoff.networks.network import Network
from readoff.tasks.grid import Grid

CORNERS = ((0, 5), (5, 1), (3, -4), (-3, -4), (-5, 1))
HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


@dataclass(frozen=True, eq=False)
class Case:
    """A network on a task, the site that is its space, the tokens that are its features, and the words that fit."""

    name: str
    task: Grid
    network: Network
    active: tuple[int, ...]
    words: tuple[str, ...]
    site: str = HEADS

    @cached_property
    def features(self) -> Features:
        """Feature i is active on an input that holds token active[i]."""
        names = [self.task.input_tokens[token] for token in self.active]
        return token_counts(self.task.domain(), self.active, names)

    @cached_property
    def space(self) -> np.ndarray:
        """float64 [n, D]. Needs `readoff.configure()`."""
        return space_of(self.network, self.task.domain().tokens, self.site)


@cache
def pentagon() -> Case:
    """At most one of five features is active (each with probability 1/16); feature i is written at corner i."""
    words = ("superposed", "polysemantic", "decomposable", "distributed", "interfering")
    return _exclusive("pentagon", 11, [CORNERS], words)


@cache
def scalar_code(values: Sequence[int] = (1, 4, 6)) -> Case:
    """At most one feature is active; the number says which. They can be told apart, but 1 and 4 have no threshold."""
    return _exclusive(
        "scalar code", 16 - len(values), [[(v,) for v in values]], ("polysemantic", "decomposable", "interfering")
    )


@cache
def rotated() -> Case:
    """Four independent features (probability 1/4) in an orthogonal basis that is not that of the units."""
    return _independent("rotated", [HADAMARD.tolist()], ("polysemantic", "decomposable", "distributed"))


@cache
def nonlinear_units() -> Case:
    """Two independent features a, b (probability 1/4) in the neurons relu(a - b) and relu(a + 2b - 1).

    The points are 00: (0, 0), 10: (1, 0), 01: (0, 1), 11: (0, 2): all different, and no plane through them.
    """
    case = _independent("nonlinear units", [[(1, 0), (0, 1)]], ("polysemantic", "nonlinear", "interfering"), d_mlp=2)
    w = dict(case.network.weights)
    width = case.task.n_ctx  # the head passes on means; W_in takes them back to 0 and 1
    w["blocks.0.mlp.W_in"][-2:] = width * np.array([[1.0, 1.0], [-1.0, 2.0]])
    w["blocks.0.mlp.b_in"][:] = [0.0, -1.0]
    return Case(case.name, case.task, case.network, case.active, case.words, "blocks.0.mlp.hook_post")


@cache
def composed() -> Case:
    """Eight objects (probability 1/16 each, none with 1/2) written as two digits of base 3: parts, not directions."""
    digits = [divmod(i, 3) for i in range(1, 9)]
    words = ("polysemantic", "decomposable", "distributed", "interfering")
    return _exclusive("composed", 8, [[(high,) for high, _ in digits], [(low,) for _, low in digits]], words)


@cache
def copies() -> Case:
    """One feature (probability 1/4) written by three heads alike."""
    return _independent("copies", [[(1,)]] * 3, ("decomposable", "distributed", "redundant"))


@cache
def aligned() -> Case:
    """Three independent features (probability 1/4), a unit each."""
    return _independent("aligned", [np.eye(3).tolist()], ("decomposable",))


@cache
def residual() -> Case:
    """The same three features in the residual stream, into which the head writes them."""
    case = aligned()
    return Case("residual", case.task, case.network, case.active, case.words, "blocks.0.hook_resid_post")


def CASES() -> tuple[Case, ...]:
    """Every case."""
    return (
        pentagon(), scalar_code(), rotated(), nonlinear_units(), composed(), copies(), aligned(), residual(),
    )  # fmt: skip


def _exclusive(name: str, absent: int, values: Sequence[Sequence[Sequence[float]]], words: tuple[str, ...]) -> Case:
    """At most one of n features: inputs [none, =], [f1, =], ... with weights `absent`, 1, 1, ...; values [head][n]."""
    n = len(values[0])
    tokens = ("none", *(f"f{i + 1}" for i in range(n)), "=")
    inputs = tuple((i, n + 1) for i in range(n + 1))
    task = Grid(name, tokens, tokens[:-1], inputs, tuple(range(n + 1)), (absent, *[1] * n))
    return Case(name, task, _network(task, range(1, n + 1), values), tuple(range(1, n + 1)), words)


def _independent(
    name: str, values: Sequence[Sequence[Sequence[float]]], words: tuple[str, ...], d_mlp: int = 0, odds: int = 3
) -> Case:
    """Features that are on (token a1) or off (a0) independently, off `odds` times as often as on; values [head][n]."""
    n = len(values[0])
    tokens = (*(f"{'abcdefgh'[i]}{on}" for i in range(n) for on in (0, 1)), "=")
    rows = list(itertools.product((0, 1), repeat=n))
    inputs = tuple((*(2 * i + on for i, on in enumerate(row)), 2 * n) for row in rows)
    outputs = tuple("".join(map(str, row)) for row in rows)
    weights = tuple(odds ** row.count(0) for row in rows)
    task = Grid(name, tokens, outputs, inputs, tuple(range(len(rows))), weights)
    active = tuple(2 * i + 1 for i in range(n))
    return Case(name, task, _network(task, active, values, d_mlp), active, words)


def _network(task: Grid, active: Sequence[int], values: Sequence[Sequence[Sequence[float]]], d_mlp: int = 0) -> Network:
    """Uniform attention; head h writes values[h][i] for the token active[i], nothing for others, into its own part of
    the residual stream behind one-hot embeddings. Nothing is read out: a representation, not a solution."""
    n_heads, d_head, vocab = len(values), len(values[0][0]), task.d_vocab
    architecture = Architecture(
        vocab,
        task.d_vocab_out,
        task.n_ctx,
        n_heads=n_heads,
        d_model=vocab + n_heads * d_head,
        d_head=d_head,
        d_mlp=d_mlp,
    )
    w = {name: np.zeros(shape) for name, shape in architecture.shapes().items()}
    w["embed.W_E"][:, :vocab] = np.eye(vocab)
    for head, rows in enumerate(values):
        w["blocks.0.attn.W_V"][head, list(active)] = rows
        w["blocks.0.attn.W_O"][head, :, vocab + head * d_head : vocab + (head + 1) * d_head] = np.eye(d_head)
    return Network(architecture, w, "constructed", f"{task.name}, a hand-built representation")
