"""The pair task in these words: it is a sum of skip-trigrams, and is it superposition in the strict sense?

The features are the four signal counts. They add up to 2, so they have three dimensions, and D linear dimensions
recover at most min(D, 3) / 3 of their variance. The space is what all heads together pass on before W_O (D = n_heads
d_head).

Two questions are kept apart. Each signal token stands in 7 of 16 inputs, which is not sparse, and this alone settles
the strict sense, for every network. What networks do when sparsity is left out is measured: linear recovery, and
whether every signal token has a threshold.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from operator import and_
from typing import Any

import numpy as np

from readoff.certificates.rounding import fraction_interval
from readoff.certificates.skip_trigrams import check_skip_trigrams
from readoff.circuits.recovery import EXACT, dimensions, recovery
from readoff.circuits.spaces import HEADS, space_of
from readoff.circuits.superposition import MARGIN, SPARSE, distributed, polysemantic
from readoff.circuits.thresholds import threshold_margins
from readoff.claims import (
    Certified,
    Exists,
    Identity,
    Known,
    Measured,
    OnTask,
    Process,
    Seeds,
    Sweep,
    Trained,
    certified,
    claim,
    enumerated,
    on_material,
    on_networks,
    on_task,
)
from readoff.constructions.pairs import one_head_table
from readoff.studies.pairs.arms import explored
from readoff.studies.pairs.recipes import DECAY, PHASE_D_HEADS, PHASE_HEADS, phase_cell
from readoff.studies.skip.certified import CALCULATED, another
from readoff.studies.superposition.aligned import TASK, signal_counts
from readoff.studies.superposition.pictures import word_table
from readoff.tasks import Pairs

SIZES = tuple((n_heads, d_head) for n_heads in PHASE_HEADS for d_head in PHASE_D_HEADS)
RECIPES = tuple(phase_cell(n_heads, d_head, "biases", DECAY) for n_heads, d_head in SIZES)
SMALL = ((1, 1), (2, 1), (1, 2))
"""Sizes with fewer dimensions than the signal counts have: the only candidates."""
LARGE = tuple(size for size in SIZES if size not in SMALL)


def skip_trigrams(task: Pairs = TASK) -> dict[str, Any]:
    """[a] ... [read-off] -> pair contributes 2 if the pair holds a once and 3 if twice."""
    table = [
        [token, output, pair.count(token) + 1]
        for token in task.signal_tokens
        for output, pair in enumerate(task.classes)
        if token in pair
    ]
    return {"schema": 1, "skip_trigrams": table}


def solve_pairs(certificate: Any, task: Pairs = TASK) -> list[str]:
    """Why the skip-trigrams of a certificate do not solve *this* task, input by input (sums ignore order: orbits)."""
    domain = task.domain(orbits=True)
    return check_skip_trigrams(certificate, domain.tokens.tolist(), domain.labels.tolist(), task.d_vocab_out)


def _doubles_lowered(certificate: Any) -> Any:
    return {**certificate, "skip_trigrams": [[t, y, min(c, 2)] for t, y, c in certificate["skip_trigrams"]]}


@claim(
    "pairs/is-skip-trigrams",
    says="16 additive skip-trigrams [a] ... [read-off] -> pair solve the task by argmax: each signal token raises its "
    "four pairs, its double a little more. Verified on every input in whole numbers.",
    about=Certified(skip_trigrams, solve_pairs, "16 skip-trigrams for pairs"),
    scope=Exists(),
    measure=lambda found: certified(n_trigrams=len(found["skip_trigrams"])),
    headline="n_trigrams",
    statement="pairs/is-skip-trigrams",
    relation="refutes",
    must_fail=[
        on_material("doubles raised no more than mixed pairs", _doubles_lowered),
        another("pairs of three signal tokens", lambda: skip_trigrams(Pairs(n_signal=3))),
    ],
    known=Known("16", CALCULATED, "n_trigrams"),
)
def sixteen_skip_trigrams(n):
    return n["n_trigrams"] == 16


def activity(task: Pairs) -> Measured:
    """The exact share of inputs in which a signal token stands: the least and the largest over signal tokens."""
    domain = task.domain(orbits=True)
    weights, total = [int(w) for w in domain.weights], int(domain.denominator)
    shares = [Fraction(sum(w for w, row in zip(weights, domain.tokens) if t in row), total) for t in task.signal_tokens]
    return certified(least_active=fraction_interval(min(shares)), most_active=fraction_interval(max(shares)))


@claim(
    "pairs/superposition",
    says="A fact about the task: every signal token stands in 7 of 16 inputs. Sparse is what is active on at most a "
    "quarter of them, so no network at all is a superposition of the signal tokens in the strict sense. Sparsity alone "
    "decides this.",
    about=OnTask(TASK),
    scope=Identity(),
    measure=activity,
    headline="least_active",
    statement="pairs/superposition",
    relation="supports",
    must_fail=[on_task("eight signal tokens, in 15 of 64 inputs each", n_signal=8, n_ctx=4)],
    known=Known("0.4375", CALCULATED + ": 7/16", "least_active"),
)
def not_sparse(n):
    return n["least_active"] > SPARSE


def capacity(features: Any) -> Measured:
    """The bound itself: eigenvalue shares of the signal counts."""
    return enumerated(one=features.capacity(1), two=features.capacity(2), three=features.capacity(3))


@claim(
    "pairs/superposition/capacity",
    says="The signal counts have three dimensions of equal variance: one linear dimension recovers at most 1/3 of it, "
    "two at most 2/3, three all of it. So only 1 x 1, 2 x 1 and 1 x 2 have fewer dimensions than counts.",
    about=Process(signal_counts, "signal counts of the pair task"),
    scope=Identity(),
    measure=capacity,
    headline="two",
    must_fail=[on_material("five signal tokens", lambda features: signal_counts(Pairs(n_signal=5)))],
    known=Known("0.667", CALCULATED + ": at most 2/3 for 2 x 1", "two"),
)
def capacities(n):
    return (abs(n["one"] - 1 / 3) < 1e-9) & (abs(n["two"] - 2 / 3) < 1e-9) & (abs(n["three"] - 1) < 1e-9)


def spaces(run: Any) -> np.ndarray:
    """[model, n, n_heads * d_head]: what the heads pass on before W_O, on the orbits of the task; 0 where a network
    diverged."""
    return np.nan_to_num(space_of(run.ensemble, TASK.domain(orbits=True).tokens, HEADS))


def words_by_size(runs: Sequence[Any]) -> Measured:
    """For every size: dimensions and R^2 of the signal counts, the least threshold margin over the four signal tokens,
    strict superposition with sparsity left out, and whether the network solves the task. [model] each."""
    features = signal_counts()
    seen: dict[int, dict[str, Any]] = {}
    numbers: dict[str, Any] = {}
    for (heads, d_head), run in zip(SIZES, runs, strict=True):
        if id(run) not in seen:
            found = spaces(run)
            room, r_squared = dimensions(features, found), recovery(features, found)
            least = threshold_margins(features, found).min(axis=-1)
            seen[id(run)] = {
                "dimensions": room,
                "r_squared": r_squared,
                "threshold": least,
                "superposed": (features.n_features > room) & (r_squared < 1 - EXACT) & (least >= MARGIN),
                "solved": run.trace["margin"][:, -1] > 0,
            }
        numbers |= {f"{name}_{heads}x{d_head}": value for name, value in seen[id(run)].items()}
    return enumerated(**numbers)


largest_everywhere = on_material("the largest network in every size's place", lambda runs: (runs[-1],) * len(runs))
smallest_everywhere = on_material("the smallest network in every size's place", lambda runs: (runs[0],) * len(runs))


@claim(
    "pairs/superposition/without-sparsity",
    says="With sparsity left out, trained networks of no size superpose the signal tokens either. With fewer "
    "dimensions than counts (1 x 1, 2 x 1, 1 x 2) some signal token has no threshold (with a margin of 1 %); the "
    "larger sizes, up to the main model, have one for every signal token, and a dimension for every count. All of them "
    "solve the task.",
    about=Sweep(RECIPES),
    scope=Seeds(at_least=explored(244, 256), confidence=0.95),
    measure=words_by_size,
    statement="pairs/superposition",
    relation="supports",
    must_fail=[largest_everywhere, smallest_everywhere],
    must_hold=[],  # a shift of gauge moves the space, and no number here depends on its origin
    exhibit=lambda runs, n: word_table(SIZES, runs, n, spaces),
)
def none_without_sparsity(n):
    small = [(n[f"dimensions_{h}x{d}"] < 3) & (n[f"threshold_{h}x{d}"] < MARGIN) for h, d in SMALL]
    large = [(n[f"dimensions_{h}x{d}"] >= 3) & (n[f"threshold_{h}x{d}"] >= MARGIN) for h, d in LARGE]
    solved = [n[f"solved_{h}x{d}"] for h, d in SIZES]
    return reduce(and_, [*small, *large, *solved])


@claim(
    "pairs/superposition/bound",
    says="All heads together, trained networks stay below the bound on linear recovery of the signal counts, R^2 at "
    "most 1/3 for 1 x 1 and 2/3 for 2 x 1 and 1 x 2, and the main model (2 x 5) recovers more than 0.9.",
    about=Sweep(RECIPES),
    scope=Seeds(at_least=explored(256, 256), confidence=0.95),
    measure=words_by_size,
    must_fail=[largest_everywhere, smallest_everywhere],
    must_hold=[],  # a shift of gauge moves the space, and no number here depends on its origin
    known=Known("2/3 and 1/3", CALCULATED, comparable=False),
)
def bound(n):
    small = (n["r_squared_1x1"] <= 1 / 3 + 1e-9) & (n["r_squared_2x1"] <= 2 / 3 + 1e-9)
    return small & (n["r_squared_1x2"] <= 2 / 3 + 1e-9) & (n["r_squared_2x5"] > 0.9)


def units(run: Any) -> Measured:
    """How many signal tokens the units of each network respond to, at most, and whether some readout is spread."""
    features, found = signal_counts(), spaces(run)
    many = [polysemantic(features, z).numbers["most_features_of_a_unit"] for z in found]
    return enumerated(
        most_tokens_of_a_unit=np.array(many), distributed=np.array([distributed(features, z).holds for z in found])
    )


def _one_unit_each(ensemble: Any) -> Any:
    """Uniform attention and, in head 0, a unit for every signal token: the one-head table, inside the main model."""
    table, w = one_head_table(TASK).weights, ensemble.weights
    out = {name: np.zeros_like(w[name]) for name in w if name.startswith("blocks.0.attn.") and name[-3:] != "W_O"}
    out["blocks.0.attn.W_V"][:, 0, :, :4] = table["blocks.0.attn.W_V"][0]
    return ensemble.replace(**out, **{"embed.W_E": np.repeat(table["embed.W_E"][None], len(ensemble), axis=0)})


@claim(
    "pairs/superposition/polysemantic",
    says="Units of the main model's heads are polysemantic and its readouts are distributed: some unit responds to "
    "several signal tokens, and some token is read from several units.",
    about=Trained(RECIPES[-1]),
    scope=Seeds(at_least=explored(256, 256), confidence=0.95),
    measure=units,
    statement="pairs/not-polysemantic",
    relation="qualifies",
    must_fail=[on_networks("a unit for every signal token", _one_unit_each)],
)
def units_are_polysemantic(n):
    return (n["most_tokens_of_a_unit"] > 1) & n["distributed"]
