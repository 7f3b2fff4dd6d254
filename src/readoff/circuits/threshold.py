"""The least degree of a polynomial that has the right sign on every input, with certificates both ways.

    found = threshold_degree(counts, labels)        # labels 0 and 1
    found.degree                                    # 3 for parity of three bits
    found.below                                     # certificate: degree 2 is impossible
    found.at                                        # certificate: a polynomial of degree 3 (says nothing about 3 heads)

`heads_obstruction` asks about a whole task with any number of outputs: where inputs that end in one token and carry two
labels cannot be told apart by degree H, no H-head layer does the task. See `certificates.heads` for why, and why only
inputs with one last token may be compared.

>>> found = threshold_degree(np.array([[2, 0, 1], [1, 1, 1], [0, 2, 1]]), np.array([0, 1, 0]))   # XOR by counts
>>> found.degree, found.below["weights"]
(2, [1, 2, 1])
>>> from readoff.tasks import Xor
>>> heads_obstruction(Xor().domain(), n_heads=1).certificate["weights"]
[1, 2, 1]
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.certificates.heads import check_heads
from readoff.certificates.threshold_degree import check_degree
from readoff.circuits.strict import strict_system
from readoff.core.domain import Domain
from readoff.core.errors import BadValue, TooLarge

MAX_DEGREE = 12
MAX_PRODUCTS = 200_000
MAX_NUMBERS = 4_000_000
"""Entries (inputs x products of counts) of one linear program of `heads_obstruction`: some seconds."""


@dataclass(frozen=True)
class ThresholdDegree:
    """`degree`, or None if no degree up to the limit was decided; certificates (or None) as in the module docstring."""

    degree: int | None
    below: dict[str, Any] | None
    at: dict[str, Any] | None


@dataclass(frozen=True)
class Obstruction:
    """What a search for an impossibility found: a certificate for `certificates.heads.check_heads`, or None.

    Without a certificate, `parted` pairs of labels have a polynomial of degree H (so degree rules nothing out for them;
    H heads need not suffice), `undecided` ones were left open by rounding, and `skipped` ones were too large to ask.
    """

    certificate: dict[str, Any] | None
    parted: int = 0
    undecided: int = 0
    skipped: int = 0


def degree_certificate(
    counts: np.ndarray, labels: np.ndarray, degree: int, most: int | None = None
) -> dict[str, Any] | None:
    """A certificate that degree suffices ("polynomial") or does not ("weights"); None if rounding left it open.

    counts int [n, token], labels [n] of 0 and 1. TooLarge: more than `most` products of counts (or MAX_PRODUCTS), or
    counts whose products pass 2^53.
    """
    exact = [[int(x) for x in row] for row in np.asarray(counts).tolist()]
    signs = np.where(np.asarray(labels) == 1, 1, -1)
    if type(degree) is not int or degree < 0 or not exact or not exact[0]:
        raise BadValue(f"degree {degree!r} with {len(exact)} rows of counts: expected a degree >= 0 and some counts.")
    names, values = products(np.array(exact), degree, most or MAX_PRODUCTS)
    base = {"schema": 1, "degree": degree, "counts": exact, "labels": [int(s > 0) for s in signs]}
    found = strict_system((values * signs).T)
    if found.solution is not None:
        return _checked({**base, "polynomial": [[c, list(name)] for c, name in zip(found.solution, names) if c]})
    if found.obstruction is not None:
        return _checked({**base, "weights": list(found.obstruction)})
    return None


def threshold_degree(counts: np.ndarray, labels: np.ndarray, limit: int = MAX_DEGREE) -> ThresholdDegree:
    """The threshold degree of a 0/1 labelling of inputs given as token counts [n, d_vocab].

    BadValue: one label only, or equal counts with different labels (then no degree is enough).
    """
    counts, labels = np.asarray(counts), np.asarray(labels)
    if set(np.unique(labels).tolist()) != {0, 1}:
        raise BadValue("a threshold degree needs labels 0 and 1, both of them present.")
    seen: dict[tuple[int, ...], int] = {}
    for row, label in zip(map(tuple, counts.tolist()), labels.tolist()):
        if seen.setdefault(row, label) != label:
            raise BadValue(f"the counts {list(row)} carry both labels; the function is not one of the token counts.")
    below = None
    for degree in range(limit + 1):
        found = degree_certificate(counts, labels, degree)
        if found is None:
            return ThresholdDegree(None, below, None)
        if "polynomial" in found:
            return ThresholdDegree(degree, below, found)
        below = found
    return ThresholdDegree(None, below, None)


def heads_obstruction(domain: Domain, n_heads: int, positions: bool = False) -> Obstruction:
    """A certificate that no one-layer network with `n_heads` heads has all margins positive on the domain.

    With `positions`, tokens at different places count as different; that class of networks is larger, so its
    certificates are stronger, and the domain must list every input (no orbits). Looked for among the inputs that end in
    one token and carry one of two labels; one such group is enough.
    """
    if n_heads < 1 or (positions and domain.orbits):
        raise BadValue(f"{n_heads} heads: expected at least one, and with positions a domain that is not in orbits.")
    tally = {"parted": 0, "undecided": 0, "skipped": 0}
    for end in np.unique(domain.tokens[:, -1]):
        here = np.flatnonzero(domain.tokens[:, -1] == end)
        tokens, labels = domain.tokens[here], domain.labels[here]
        placed = positions and not _order_free(tokens, labels)
        counts = _counts(tokens, placed)
        for pair in itertools.combinations(np.unique(labels[labels >= 0]).tolist(), 2):
            rows = np.flatnonzero(np.isin(labels, pair))
            table = np.column_stack([counts[rows], labels[rows] == pair[1]])
            merged, group = np.unique(table, axis=0, return_inverse=True)
            try:
                found = degree_certificate(
                    merged[:, :-1], merged[:, -1], n_heads, min(MAX_PRODUCTS, MAX_NUMBERS // len(merged))
                )
            except TooLarge:
                tally["skipped"] += 1
                continue
            if found is None or "polynomial" in found:
                tally["undecided" if found is None else "parted"] += 1
                continue
            used, weights = _spread(found["weights"], group.reshape(-1), everyone=positions and not placed)
            certificate = {
                "schema": 1,
                "n_heads": n_heads,
                "positions": positions,
                "inputs": tokens[rows[used]].tolist(),
                "labels": labels[rows[used]].tolist(),
                "weights": weights,
            }
            reasons = check_heads(certificate, n_heads, positions, domain.tokens.tolist(), domain.labels.tolist())
            if reasons:
                raise AssertionError(f"the search produced a certificate that its checker refuses: {reasons[0]}")
            return Obstruction(certificate)
    return Obstruction(None, **tally)


def products(counts: np.ndarray, degree: int, most: int) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """Products of at most `degree` columns of counts [n, token], those with new values only: names, values [m, n].

    A product whose values another one has already is not continued either. TooLarge: more than `most`, or past 2^53.
    """
    if max(1, int(np.abs(counts).max())) ** degree > 2**53:
        raise TooLarge(f"counts up to {counts.max()} to the power {degree} do not fit into exact floating point.")
    one = np.ones(len(counts), dtype=np.int64)
    names: list[tuple[int, ...]] = [()]
    edge: list[tuple[tuple[int, ...], np.ndarray]] = [((), one)]
    kept = {one.tobytes(): one}
    for _ in range(degree):
        grown = []
        for name, values in edge:
            for token, column in enumerate(counts.T):
                longer = values * column
                key = longer.tobytes()
                if key not in kept:
                    kept[key] = longer
                    names.append((*name, token))
                    grown.append((names[-1], longer))
            if len(kept) > most:
                raise TooLarge(
                    f"degree {degree} over {counts.shape[1]} tokens: more than {most:,} monomials; lower the degree or "
                    "use fewer tokens."
                )
        edge = grown
    return names, np.array(list(kept.values()))


def _counts(tokens: np.ndarray, placed: bool) -> np.ndarray:
    """int64 [n, token]: how often each token that occurs stands in each input (each at its place, if `placed`)."""
    if placed:
        return np.column_stack([column == t for column in tokens.T for t in np.unique(column)]).astype(np.int64)
    return np.stack([(tokens == t).sum(axis=1) for t in np.unique(tokens)], axis=1)


def _order_free(tokens: np.ndarray, labels: np.ndarray) -> bool:
    """Whether every permutation of an input's context is there too, with the same label.

    A polynomial in placed tokens may then be averaged over permutations: a polynomial of the same degree in the counts.
    """
    context, group = np.unique(np.sort(tokens[:, :-1], axis=1), axis=0, return_inverse=True)
    group = group.reshape(-1)
    size = np.bincount(group)
    ways = [math.factorial(tokens.shape[1] - 1) // _repeats(row) for row in context.tolist()]
    first = np.zeros(len(context), dtype=labels.dtype)
    first[group] = labels
    return size.tolist() == ways and bool((first[group] == labels).all())


def _repeats(row: Sequence[int]) -> int:
    return math.prod(math.factorial(row.count(t)) for t in set(row))


def _spread(weights: Sequence[int], group: np.ndarray, everyone: bool) -> tuple[np.ndarray, list[int]]:
    """Rows and whole-number weights: each group's weight on its first row, or shared equally among `everyone` in it."""
    if not everyone:
        first = np.array([int(np.argmax(group == g)) for g, w in enumerate(weights) if w])
        return first, [int(w) for w in weights if w]
    sizes = np.bincount(group).tolist()
    common = math.lcm(*(sizes[g] for g, w in enumerate(weights) if w))
    rows = np.flatnonzero(np.asarray(weights, dtype=object)[group] != 0)
    return rows, [int(weights[g]) * common // sizes[g] for g in group[rows].tolist()]


def _checked(certificate: dict[str, Any]) -> dict[str, Any]:
    reasons = check_degree(certificate)
    if reasons:
        raise AssertionError(f"the search produced a certificate that its checker refuses: {reasons[0]}")
    return certificate
