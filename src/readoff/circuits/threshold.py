"""The least degree of a polynomial that has the right sign on every input, with certificates both ways.

    found = threshold_degree(counts, labels)        # labels 0 and 1
    found.degree                                    # 3 for parity of three bits
    found.below                                     # certificate: degree 2 is impossible, hence 2 heads are
    found.at                                        # certificate: a polynomial of degree 3 (says nothing about 3 heads)

`heads_obstruction` asks this of a whole task with any number of outputs: if for some two labels the inputs that carry
them cannot be told apart by degree H, no H-head layer does the task. See `certificates.threshold_degree` for why.

>>> found = threshold_degree(np.array([[2, 0, 1], [1, 1, 1], [0, 2, 1]]), np.array([0, 1, 0]))   # XOR by counts
>>> found.degree, found.below["weights"]
(2, [1, 2, 1])
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.certificates.threshold_degree import SCHEMA, check_degree, monomials
from readoff.circuits.strict import strict_system
from readoff.core.domain import Domain
from readoff.core.errors import BadValue, TooLarge

MAX_DEGREE = 12


@dataclass(frozen=True)
class ThresholdDegree:
    """`degree`, or None if no degree up to the limit was decided; certificates (or None) as in the module docstring."""

    degree: int | None
    below: dict[str, Any] | None
    at: dict[str, Any] | None


def degree_certificate(counts: np.ndarray, labels: np.ndarray, degree: int) -> dict[str, Any] | None:
    """A certificate that degree suffices ("polynomial") or does not ("weights"); None if rounding left it open."""
    exact = [[int(x) for x in row] for row in np.asarray(counts).tolist()]
    signs = np.where(np.asarray(labels) == 1, 1, -1)
    base = {"schema": SCHEMA, "degree": int(degree), "counts": exact, "labels": [int(s > 0) for s in signs]}
    try:
        names, values = zip(*monomials(exact, degree))
    except ValueError as problem:
        raise TooLarge(f"degree {degree} over {len(exact[0])} tokens: {problem}.") from None
    found = strict_system((np.array(values, dtype=object) * signs).T)
    if found.solution is not None:
        terms = [[c, list(name)] for c, name in zip(found.solution, names) if c]
        return _checked({**base, "polynomial": terms})
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


def heads_obstruction(domain: Domain, d_vocab: int, n_heads: int, positions: bool = False) -> dict[str, Any] | None:
    """A certificate that no one-layer network with `n_heads` heads has all margins positive on the domain, or None.

    It names the two labels. With `positions`, tokens at different places count as different, which makes the class of
    networks larger. None says nothing: degree <= H does not mean that H heads suffice.
    """
    tokens = domain.tokens + (d_vocab * np.arange(domain.tokens.shape[1]) if positions else 0)
    used = np.unique(tokens)
    counts = np.stack([(tokens == t).sum(axis=1) for t in used], axis=1)
    for one, other in itertools.combinations(np.unique(domain.labels[domain.labels >= 0]).tolist(), 2):
        rows = np.flatnonzero(np.isin(domain.labels, (one, other)))
        merged = np.unique(np.column_stack([counts[rows], domain.labels[rows] == other]), axis=0)
        found = degree_certificate(merged[:, :-1], merged[:, -1], n_heads)
        if found is not None and "weights" in found:
            return {**found, "tokens": used.tolist(), "pair": [int(one), int(other)]}
    return None


def _checked(certificate: dict[str, Any]) -> dict[str, Any]:
    reasons = check_degree(certificate)
    if reasons:
        raise AssertionError(f"the search produced a certificate that its checker refuses: {reasons[0]}")
    return certificate
