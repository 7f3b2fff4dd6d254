"""Not aligned with units, or more skip-trigrams than heads: neither makes a network a superposition.

Superposition needs more features than dimensions and a linear map that fails. Both are settled exactly for one-head
networks with uniform attention: what the head passes on is a fraction, so ranks are facts. Sparsity plays no part here:
where there is room for all features and one linear map recovers them, nothing is superposed, sparse or not.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from readoff.certificates.rank import rank
from readoff.certificates.rounding import fraction_interval
from readoff.circuits.features import Features, token_counts
from readoff.circuits.spaces import exact_head_space
from readoff.claims import Constructed, Exists, Measured, Process, certified, claim, on_networks
from readoff.constructions.pairs import one_head_table
from readoff.constructions.polysemantic import HADAMARD
from readoff.constructions.rational import fractions, product
from readoff.core.domain import Domain
from readoff.networks.network import Network
from readoff.studies.skip.certified import least_margin
from readoff.tasks import Pairs

TASK = Pairs()
TASKS = tuple(Pairs(n_signal=n, n_noise=2) for n in (2, 3, 4, 5, 6))
"""For these the one-head table has 4, 9, 16, 25, 36 skip-trigrams."""


def signal_counts(task: Pairs = TASK) -> Features:
    """The counts of the signal tokens of the pair task, of rank n_signal - 1 (they add up to 2)."""
    domain = task.domain(orbits=True)
    return token_counts(domain, task.signal_tokens, [f"number of {t}" for t in task.signal_tokens], dependent=True)


def read_exactly(network: Network, task: Pairs = TASK) -> dict[str, Any]:
    """Exact facts about a one-head network with uniform attention on the pair task, and its certified least margin.

    n_features  rank of the centred signal counts; dimensions: of what the head passes on before W_O
    recovered   1 if one linear map of the head's output gives all signal counts, 0 if not
    best_unit   the largest R^2 of one count from one unit of the head
    n_trigrams  non-zero entries of EVOU
    """
    domain = task.domain(orbits=True)
    space = exact_head_space(network, domain.tokens.tolist())
    counts = [[Fraction(row.count(t)) for t in task.signal_tokens] for row in domain.tokens.tolist()]
    room = rank([[1, *z] for z in space]) - 1
    w = network.weights
    out = product(fractions(w["blocks.0.attn.W_O"][0]), fractions(w["unembed.W_U"]))
    evou = product(product(fractions(w["embed.W_E"]), fractions(w["blocks.0.attn.W_V"][0])), out)
    return dict(
        least_margin=least_margin(network, task),
        n_features=rank([[1, *c] for c in counts]) - 1,
        dimensions=room,
        recovered=rank([[1, *z, *c] for z, c in zip(space, counts)]) - 1 == room,
        best_unit=fraction_interval(_best_unit(space, counts, domain)),
        n_trigrams=int((evou != 0).sum()),
        n_heads=network.architecture.n_heads,
    )


def _best_unit(space: Sequence[Sequence[Fraction]], counts: Sequence[Sequence[Fraction]], domain: Domain) -> Fraction:
    weights = [int(w) for w in domain.weights]
    best = Fraction(0)
    for unit in zip(*space):
        for count in zip(*counts):
            both, own, other = (_covariance(x, y, weights) for x, y in ((unit, count), (unit, unit), (count, count)))
            if own:
                best = max(best, both**2 / (own * other))
    return best


def _covariance(x: Sequence[Fraction], y: Sequence[Fraction], weights: Sequence[int]) -> Fraction:
    total = sum(weights)
    mean = [sum(w * v for w, v in zip(weights, values)) / Fraction(total) for values in (x, y)]
    return sum(w * (a - mean[0]) * (b - mean[1]) for w, a, b in zip(weights, x, y)) / Fraction(total)


def rotated_table() -> Network:
    """The exact one-head network for pairs with its head turned by a Hadamard matrix: the same function exactly."""
    network = one_head_table(TASK)
    w = dict(network.weights)
    w["blocks.0.attn.W_V"] = w["blocks.0.attn.W_V"] @ HADAMARD
    w["blocks.0.attn.W_O"] = HADAMARD.T @ w["blocks.0.attn.W_O"]
    return Network(network.architecture, w, "constructed", network.origin + ", head turned")


def turned(network: Network) -> Measured:
    """`read_exactly` on the pair task."""
    return certified(**read_exactly(network))


def _unturned(ensemble: Any) -> Any:
    w = ensemble.weights
    return ensemble.replace(
        **{
            "blocks.0.attn.W_V": w["blocks.0.attn.W_V"] @ HADAMARD.T,
            "blocks.0.attn.W_O": HADAMARD @ w["blocks.0.attn.W_O"],
        }
    )


def _one_unit_silenced(ensemble: Any) -> Any:
    values = ensemble.weights["blocks.0.attn.W_V"].copy()
    values[..., 1] = 0
    return ensemble.replace(**{"blocks.0.attn.W_V": values})


def _doubled_unit(ensemble: Any) -> Any:
    """Every unit after the second holds what the second holds: at most two dimensions, too few for four counts."""
    values = ensemble.weights["blocks.0.attn.W_V"].copy()
    values[..., 2:] = values[..., 1:2]
    return ensemble.replace(**{"blocks.0.attn.W_V": values})


@claim(
    "superposition/not-basis-aligned",
    says="An algorithm need not be aligned with the units to be exact: the one-head network for pairs, turned inside "
    "its head, is right on every input; no unit holds more than half of any signal count, yet there are as many "
    "dimensions as counts and one linear map recovers all of them, so nothing is superposed, sparse or not.",
    about=Constructed(rotated_table, "one head for pairs, turned"),
    scope=Exists(),
    measure=turned,
    headline="best_unit",
    statement="superposition/not-basis-aligned",
    relation="supports",
    must_fail=[
        on_networks("turned back", _unturned),
        on_networks("one unit silenced", _one_unit_silenced),
        on_networks("fewer dimensions than counts", _doubled_unit),
    ],
    must_hold=[],  # it speaks of units, and which directions these are is gauge
)
def not_basis_aligned(n):
    room = (n["dimensions"] >= n["n_features"]) & (n["recovered"] == 1)
    return (n["least_margin"] > 0) & room & (n["best_unit"] < 0.5)


def tables_of_all_sizes() -> tuple[Network, ...]:
    """One head with the table of 3 and 2 for 2 to 6 signal tokens."""
    return tuple(one_head_table(task) for task in TASKS)


def sizes(networks: Sequence[Network]) -> Measured:
    """`read_exactly` of each on its own task, the worst of each number; and the fewest and most skip-trigrams."""
    found = [read_exactly(network, task) for network, task in zip(networks, TASKS, strict=True)]
    margins = [f["least_margin"] for f in found]
    return certified(
        least_margin=(min(lo for lo, _ in margins), min(hi for _, hi in margins)),
        spare_dimensions=min(f["dimensions"] - f["n_features"] for f in found),
        recovered=min(f["recovered"] for f in found),
        n_heads=max(f["n_heads"] for f in found),
        fewest_trigrams=min(f["n_trigrams"] for f in found),
        most_trigrams=max(f["n_trigrams"] for f in found),
        sizes=len({f["n_trigrams"] for f in found}),
    )


def _one_trigram(ensemble: Any) -> Any:
    out, embed = ensemble.weights["unembed.W_U"].copy(), ensemble.weights["embed.W_E"].copy()
    out[..., 1:] = 0
    embed[:, 2:] = 0
    return ensemble.replace(**{"unembed.W_U": out, "embed.W_E": embed})


@claim(
    "superposition/more-trigrams-than-heads",
    says="More skip-trigrams than heads is no criterion of superposition, and such tasks are easy to build: for 2 to 6 "
    "signal tokens one head with 4, 9, 16, 25 or 36 skip-trigrams solves the pair task, and it has a dimension for "
    "every signal count and recovers all of them linearly, so it superposes nothing.",
    about=Process(tables_of_all_sizes, "one head, 4 to 36 skip-trigrams"),
    scope=Exists(),
    measure=sizes,
    headline="most_trigrams",
    statement="superposition/any-such-task",
    relation="qualifies",
    must_fail=[
        on_networks("only one skip-trigram left", _one_trigram),
        on_networks("fewer dimensions than counts", _doubled_unit),
    ],
)
def more_trigrams(n):
    none_superposed = (n["spare_dimensions"] >= 0) & (n["recovered"] == 1)
    many = (n["fewest_trigrams"] > n["n_heads"]) & (n["sizes"] == len(TASKS))
    return none_superposed & many & (n["least_margin"] > 0)
