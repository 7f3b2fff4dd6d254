"""How many heads a function needs: no polynomial of degree H has the right sign, so no H heads compute it.

One attention layer with H heads, read at its last token, sees an input only through its token counts n (with
positions: counts of placed tokens). Each head is a quotient N_h(n) / D_h(n) of linear forms with D_h > 0, so the
difference of two logits, times the positive D_1 ... D_H, is a polynomial of degree at most H in n. If the network is
right on every input, that polynomial is positive on the inputs with the one label and negative on those with the other.

That there is no such polynomial is shown by a signed weighting of inputs under which every monomial of degree <= H has
sum zero. For XOR (tokens 0 1 =, counts of 00, 01, 11) degree 1 is impossible:

>>> xor = {"schema": 1, "degree": 1, "counts": [[2, 0, 1], [1, 1, 1], [0, 2, 1]], "labels": [0, 1, 0],
...        "weights": [1, 2, 1]}
>>> check_degree(xor)
[]
>>> check_degree({**xor, "degree": 2})[0]
'monomial 0 0: the weighted signs add up to -2, not 0.'

A certificate with "polynomial" instead of "weights" shows the opposite, that some polynomial of that degree does it
(which does not mean that H heads do). For parity a weighting is known for every number of bits, see `check_parity`.

Source of the lemma: multiply out; threshold degree: M. Minsky, S. Papert, Perceptrons (1969).
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

SCHEMA = 1
HEADS_LEMMA = {
    "name": "heads-are-degree",
    "text": "For one attention layer with H heads (no MLP, no normalisation; positions, biases and a direct path "
    "allowed), the difference of two logits times the product of the H positive softmax denominators is a polynomial "
    "of degree at most H in the counts of the tokens (with positions: of the placed tokens).",
    "source": "each head is N_h / D_h with N_h, D_h linear in the counts and D_h > 0; multiply out",
    "test": "readoff.certificates.threshold_degree.departure_from_degree",
}
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
    if certificate["schema"] != SCHEMA:
        return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
    degree, counts, labels = certificate["degree"], certificate["counts"], certificate["labels"]
    if type(degree) is not int or degree < 0:
        return [f"degree is {degree!r}; expected a whole number >= 0."]
    if not counts or len({len(row) for row in counts}) != 1 or len(labels) != len(counts):
        return [f"{len(counts)} rows of counts and {len(labels)} labels; expected as many, and equally long rows."]
    if not counts[0] or not all(type(x) is int for row in counts for x in row) or not set(labels) <= {0, 1}:
        return ["counts must be whole numbers and labels 0 or 1."]
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
        if type(coefficient) is not int or len(tokens) > degree:
            raise ValueError(f"the term {coefficient!r} * {tokens} is no whole number times at most {degree} counts")
        term = np.array([coefficient] * len(table), dtype=object)
        for token in tokens:
            term = term * table[:, token]
        total = total + term
    return total.tolist()


def build_parity() -> dict[str, Any]:
    """Parity for every number K of bits at once: what one bit contributes to the sum that must vanish.

    The weighting is 1 on every input x, with the sign (-1)^(x_1 + ... + x_K), a product over bits. A monomial of degree
    below K misses some bit. The sum over all inputs factorises, and the missing bit contributes 1 - 1 = 0.
    """
    return {"schema": SCHEMA, "values": [0, 1], "signs": [1, -1], "missing_bit": 0, "assumes": [dict(HEADS_LEMMA)]}


def check_parity(certificate: Any) -> list[str]:
    """Reasons why the data do not show that K-bit parity has threshold degree K, for every K; empty if they do."""
    try:
        values, signs = list(certificate["values"]), list(certificate["signs"])
        conditions = {
            f"schema is {certificate['schema']!r}": certificate["schema"] == SCHEMA,
            f"bits have values {values}, not 0 and 1 (whose powers are themselves)": values == [0, 1],
            f"the signs {signs} are not +1 for 0 and -1 for 1": signs == [1, -1],
            f"a missing bit contributes {sum(signs)}, not 0": sum(signs) == certificate["missing_bit"] == 0,
            "the lemma about heads is not the one this checker knows": certificate["assumes"] == [HEADS_LEMMA],
        }
        return [f"{reason}." for reason, fine in conditions.items() if not fine]
    except (KeyError, TypeError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def parity_weights(bits: int) -> dict[str, Any]:
    """The instance of `build_parity` for K bits, for `check_degree`; its tokens are x_i=0 and x_i=1 for every bit i."""
    inputs = list(itertools.product((0, 1), repeat=bits))
    counts = [[v for bit in row for v in (1 - bit, bit)] + [1] for row in inputs]
    labels = [sum(row) % 2 for row in inputs]
    return {"schema": SCHEMA, "degree": bits - 1, "counts": counts, "labels": labels, "weights": [1] * len(inputs)}


def departure_from_degree(seed: int, heads: int, bits: int) -> float:
    """The numeric test of the lemma: a random layer on all bit strings, its logit difference times its denominators,
    and the weighted sum that must vanish if this is a polynomial of degree <= heads < bits (relative to its terms)."""
    rng = np.random.default_rng(seed)
    x = np.array(list(itertools.product((0, 1), repeat=bits)))
    d_model, d_head = 4, 3
    embed, place = rng.normal(size=(3, d_model)), rng.normal(size=(bits + 1, d_model))
    tokens = np.hstack([x, np.full((len(x), 1), 2)])
    residual = embed[tokens] + place
    difference = np.full(len(x), rng.normal())
    denominators = np.ones(len(x))
    for _ in range(heads):
        w_q, w_k, w_v = rng.normal(size=(3, d_model, d_head))
        b_q, b_k, b_v = rng.normal(size=(3, d_head))
        scores = ((residual @ w_k + b_k) @ (residual[:, -1] @ w_q + b_q)[..., None])[..., 0]
        weight = np.exp(scores)
        denominators *= weight.sum(axis=1)
        mean = (weight[..., None] * (residual @ w_v + b_v)).sum(axis=1) / weight.sum(axis=1, keepdims=True)
        difference = difference + mean @ rng.normal(size=d_head)
    terms = (-1.0) ** x.sum(axis=1) * difference * denominators
    return float(abs(terms.sum()) / abs(terms).sum())
