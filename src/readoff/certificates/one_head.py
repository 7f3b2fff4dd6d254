"""One head decides like skip-trigrams: the identity behind it, as data, and its checker.

At one destination a one-head layer has logits b_y + sum_t n_t e_t v_ty / D with D = sum_t n_t e_t, where n_t >= 0
counts token t in the context, e_t = exp(score) > 0, v_ty is what the head writes and b_y what stands there anyway.
Multiply by D:

    D * logit_y = sum_t n_t e_t (v_ty + b_y)

The right side is additive over context tokens: a set of bigrams and skip-trigrams. D > 0 is the same for all outputs
y, so both sides have the same order of outputs on every input. The certificate writes both sides for one token t (they
are sums over tokens), as lists of products; the checker expands them.

>>> check_one_head(build_one_head())
[]
>>> check_one_head({**build_one_head(), "right": {"factor": ["n", "e"], "sum": ["v"]}})
['the two sides differ: n e b is left over.']
"""

from collections import Counter
from typing import Any

SCHEMA = 1
STATEMENT = "D * logit_y = sum_t n_t e_t (v_ty + b_y), with D = sum_t n_t e_t > 0 for every output y."
CLASS = {"n_layers": 1, "n_heads": 1, "d_mlp": 0, "normalization": "none"}
POSITIVE = {"e": "the exponential of a score", "n": "a count; the read token itself has one"}


def build_one_head() -> dict[str, Any]:
    """The certificate as plain data. `left` is D * b_y + D * (N_y / D), written for one token."""
    return {
        "schema": SCHEMA,
        "statement": STATEMENT,
        "class": dict(CLASS),
        "denominator": ["n", "e"],
        "numerator": ["n", "e", "v"],
        "left": [["n", "e", "b"], ["n", "e", "v"]],
        "right": {"factor": ["n", "e"], "sum": ["v", "b"]},
    }


def check_one_head(certificate: Any) -> list[str]:
    """Reasons why the data do not prove the statement; empty if they do."""
    try:
        reasons = [
            f"{field} is {certificate[field]!r}; this checker proves {wanted!r}."
            for field, wanted in (("schema", SCHEMA), ("statement", STATEMENT), ("class", CLASS))
            if certificate[field] != wanted or type(certificate[field]) is not type(wanted)
        ]
        denominator, numerator = certificate["denominator"], certificate["numerator"]
        if sorted(denominator) != sorted(POSITIVE):
            reasons.append(f"the denominator {denominator} is not that of a head, one {' and one '.join(POSITIVE)}.")
        if Counter(numerator) != Counter([*denominator, "v"]):
            reasons.append(f"the numerator {numerator} is not the value weighed like the denominator.")
        left = Counter(tuple(sorted(term)) for term in certificate["left"])
        expected = Counter([tuple(sorted([*denominator, "b"])), tuple(sorted(numerator))])
        if left != expected:
            reasons.append("the left side is not the denominator times (bias + numerator / denominator).")
        factor, terms = certificate["right"]["factor"], certificate["right"]["sum"]
        if not set(factor) <= set(POSITIVE) or any(not isinstance(t, str) for t in terms):
            reasons.append(f"the right side {certificate['right']} is not a weight times a sum of contributions.")
        right = Counter(tuple(sorted([*factor, term])) for term in terms)
        rest = (left - right) + (right - left)
        if rest:
            name = " ".join(sorted(next(iter(sorted(rest))), key="nevb".find))
            reasons.append(f"the two sides differ: {name} is left over.")
        return reasons
    except (KeyError, TypeError, AttributeError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]
