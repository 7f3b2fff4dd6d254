"""Threshold degree: is there a polynomial of degree H that has the right sign on every input?

Inputs are rows of counts, labels are 1 (positive) and 0 (negative). That there is no such polynomial is shown by a
weighting of inputs under which every signed monomial of degree <= H adds up to zero. For XOR (tokens 0 1 =, counts of
00, 01, 11) degree 1 is impossible:

>>> xor = {"schema": 1, "degree": 1, "counts": [[2, 0, 1], [1, 1, 1], [0, 2, 1]], "labels": [0, 1, 0],
...        "weights": [1, 2, 1]}
>>> check_degree(xor)
[]
>>> check_degree({**xor, "degree": 2})[0]
'monomial 0 0: the weighted signs add up to -2, not 0.'

A certificate with "polynomial" instead of "weights" shows the opposite. For parity a weighting is known for every
number of bits, see `check_parity`. What this says about attention heads is in `heads.py`.

Source: M. Minsky, S. Papert, Perceptrons (1969).
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

SCHEMA = 1
MAX_MONOMIALS = 200_000
Monomial = tuple[int, ...]


def check_degree(certificate: Any) -> list[str]:
    """Reasons why the certificate does not show what it says; empty if it does.

    counts [n][d_vocab] ints, labels [n] of 0 and 1, degree H >= 0, and either
    weights [n] ints >= 0      no polynomial of degree <= H is > 0 on the inputs labelled 1 and < 0 on the others
    polynomial                 [[coefficient, [token, ...]], ...] is such a polynomial
    """
    try:
        return _reasons(certificate)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def _reasons(certificate: dict[str, Any]) -> list[str]:
    if type(certificate["schema"]) is not int or certificate["schema"] != SCHEMA:
        return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
    degree, counts, labels = certificate["degree"], certificate["counts"], certificate["labels"]
    if type(degree) is not int or degree < 0:
        return [f"degree is {degree!r}; expected a whole number >= 0."]
    if not counts or len({len(row) for row in counts}) != 1 or len(labels) != len(counts):
        return [f"{len(counts)} rows of counts and {len(labels)} labels; expected as many, and equally long rows."]
    numbers = [x for row in counts for x in row]
    if not numbers or not all(type(x) is int for x in (*numbers, *labels)) or not set(labels) <= {0, 1}:
        return ["counts must be whole numbers and labels 0 or 1."]
    if ("weights" in certificate) == ("polynomial" in certificate):
        return ["expected weights or a polynomial, exactly one of them."]
    signs = [1 if label else -1 for label in labels]
    if "weights" in certificate:
        return _weights_reasons(certificate["weights"], counts, signs, degree)
    values = evaluate(certificate["polynomial"], counts, degree)
    wrong = [i for i, (value, sign) in enumerate(zip(values, signs)) if value * sign <= 0]
    return [f"input {i}: the polynomial is {values[i]}, the label {labels[i]}." for i in wrong[:5]]


def _weights_reasons(weights: Any, counts: Any, signs: list[int], degree: int) -> list[str]:
    if len(weights) != len(signs) or not all(type(w) is int for w in weights):
        return [f"expected {len(signs)} whole numbers as weights; got {len(weights)} entries."]
    if min(weights) < 0 or not any(weights):
        return ["weights must be >= 0 and not all zero."]
    used = [(row, w * s) for row, w, s in zip(counts, weights, signs) if w]
    signed = np.array([x for _, x in used], dtype=object)
    reasons = []
    for monomial, values in monomials([row for row, _ in used], degree):
        total = int((values * signed).sum())
        if total != 0:
            name = " ".join(map(str, monomial)) or "1"
            reasons.append(f"monomial {name}: the weighted signs add up to {total}, not 0.")
    return reasons[:5]


def monomials(counts: Sequence[Sequence[int]], degree: int) -> list[tuple[Monomial, np.ndarray]]:
    """Every product of at most `degree` token counts (a sorted tuple of tokens), with its exact values [n] on the rows.

    Products with the same values as an earlier one are left out, and are not multiplied further: the earlier one is.
    ValueError past MAX_MONOMIALS.
    """
    table = np.array(counts, dtype=object)
    found: set[tuple[int, ...]] = set()
    layer: list[tuple[Monomial, np.ndarray]] = [((), np.array([1] * len(table), dtype=object))]
    out = []
    for size in range(degree + 1):
        fresh = []
        for monomial, values in layer:
            key = tuple(values.tolist())
            if key not in found:
                found.add(key)
                fresh.append((monomial, values))
        out += fresh
        if size < degree and len(out) + len(fresh) * table.shape[1] > MAX_MONOMIALS:
            raise ValueError(f"more than {MAX_MONOMIALS:,} monomials; lower the degree or use fewer tokens")
        if size < degree:
            layer = [
                (tuple(sorted((*monomial, token))), values * table[:, token])
                for monomial, values in fresh
                for token in range(table.shape[1])
            ]
    return out


def evaluate(polynomial: Sequence[Any], counts: Sequence[Sequence[int]], degree: int) -> list[int]:
    """Exact values [n] of [[coefficient, [token, ...]], ...]; ValueError for a term of higher degree."""
    table = np.array(counts, dtype=object)
    total = np.array([0] * len(table), dtype=object)
    for coefficient, tokens in polynomial:
        known = all(type(token) is int and 0 <= token < table.shape[1] for token in tokens)
        if type(coefficient) is not int or len(tokens) > degree or not known:
            raise ValueError(f"the term {coefficient!r} * {tokens} is no whole number times at most {degree} counts")
        term = np.array([coefficient] * len(table), dtype=object)
        for token in tokens:
            term = term * table[:, token]
        total = total + term
    return total.tolist()


def build_parity() -> dict[str, Any]:
    """Parity for every number K of bits at once: one factor for a bit that is 0 and one for a bit that is 1.

    An input is weighed by the product of its bits' factors, which has the sign (-1)^(x_1 + ... + x_K). A monomial of
    degree below K misses some bit; the sum over all inputs factorises, and the missing bit contributes 1 - 1 = 0.
    """
    return {"schema": SCHEMA, "factors": [1, -1]}


def check_parity(certificate: Any) -> list[str]:
    """Reasons why the data do not show that K-bit parity has threshold degree K, for every K; empty if they do."""
    try:
        if type(certificate["schema"]) is not int or certificate["schema"] != SCHEMA:
            return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
        zero, one = certificate["factors"]
        if type(zero) is not int or type(one) is not int:
            return ["the factors must be whole numbers."]
        reasons = []
        if not zero > 0 > one:
            reasons.append(f"the factors {zero} for 0 and {one} for 1 do not multiply up to the sign of parity.")
        if zero + one:
            reasons.append(f"a missing bit contributes {zero + one}, not 0.")
        return reasons
    except (KeyError, TypeError, ValueError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def parity_weights(certificate: dict[str, Any], bits: int) -> list[int]:
    """The signed weights [2^bits] of the inputs of `bits` bits, in binary order: the products of `build_parity`."""
    factors = certificate["factors"]
    return [math.prod(factors[bit] for bit in row) for row in itertools.product((0, 1), repeat=bits)]
