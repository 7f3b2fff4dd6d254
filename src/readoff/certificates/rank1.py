"""Proved for infinitely many networks: one head of d_head 1, no constant logits, cannot name three classes.

The class: one layer, one head, d_head 1, b_O = b_U = 0, no direct path; no MLP, no LayerNorm. Embeddings, positions,
W_Q, W_K, b_Q, b_K, b_V and the attention pattern are arbitrary. On input x such a network writes

    logits(x) = a(x) w        a(x) = sum_t A_t(x) (e_t W_V + b_V), one number;   w = W_O W_U, one vector

Take three inputs with labels y1, y2, y3, pairwise distinct, and suppose all three margins are positive. Then the
*premise* a_i (w_yi - w_yj) > 0 holds for every i and every j != i. Each of the 27 sign patterns of (a1, a2, a3) gives a
contradiction: a combination of premises with *positive* multipliers that is identically zero.

    a_i = 0            1 * [premise i] is the zero polynomial
    a_i, a_j > 0       a_j [a_i (w_yi - w_yj)] + a_i [a_j (w_yj - w_yi)] = 0
    a_i, a_j < 0       the same with multipliers -a_j, -a_i

`build_rank1_certificate` writes these down as data; `check_rank1_certificate` knows none of the reasoning: it checks
that every sign pattern is there, that multipliers are positive under it, and expands the polynomials itself.

A polynomial is a list of [integer coefficient, [variables]], variables "a1" "a2" "a3" "w1" "w2" "w3" (w_k for w_yk).

>>> certificate = build_rank1_certificate()
>>> check_rank1_certificate(certificate), len(certificate["cases"])
([], 27)
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

SCHEMA = 1
CLASS = {"n_layers": 1, "n_heads": 1, "d_head": 1, "d_mlp": 0, "normalization": "none"}
CLASS_ZERO = ["blocks.0.attn.b_O", "unembed.b_U", "direct path"]
STATEMENT = "No network of the class has a positive margin on three inputs with pairwise distinct labels."
ASSUMES = [
    {
        "name": "one-scalar-times-one-vector",
        "text": "A network of the class has logits a(x) w: a(x) is the attention-weighted mean of the one-dimensional "
        "values, b_V included, and w = W_O W_U.",
        "source": "Multiply out one head: Elhage et al., A Mathematical Framework for Transformer Circuits (2021).",
        "test": "readoff.certificates.rank1.largest_departure_from_rank_one",
    },
    {
        "name": "margin",
        "text": "The margin of an input is positive exactly when its label's logit exceeds every other logit.",
        "source": "definition",
        "test": "readoff.certificates.margins",
    },
]
RELAXATIONS = [
    "With a direct path, and still no bias, the class can: the read token's own embedding is a constant logit vector.",
    "With b_U or b_O it can: values 0, 1, 4, 6 for the signal tokens, readout 2p, bias -p^2 names ten pairs.",
    "With d_head 2 it can: a value coordinate that is constant plays the part of the bias.",
    "Two classes are possible: a(x) of either sign picks the largest or the smallest entry of w.",
]
Polynomial = list[list[Any]]


def build_rank1_certificate() -> dict[str, Any]:
    """The certificate as plain data (JSON-able)."""
    return {
        "schema": SCHEMA,
        "statement": STATEMENT,
        "class": dict(CLASS),
        "class_zero": list(CLASS_ZERO),
        "labels": ["y1", "y2", "y3"],
        "cases": [
            {"signs": list(signs), "uses": _contradiction(signs)} for signs in itertools.product((-1, 0, 1), repeat=3)
        ],
        "assumes": [dict(lemma) for lemma in ASSUMES],
        "relaxations": list(RELAXATIONS),
    }


def _contradiction(signs: Sequence[int]) -> list[dict[str, Any]]:
    """Which premises, with which multipliers. A premise is (input, against): input's label against another's."""
    if 0 in signs:
        i = signs.index(0)
        return [{"input": i + 1, "against": (i + 1) % 3 + 1, "multiplier": [[1, []]]}]
    i, j = next(pair for pair in itertools.combinations(range(3), 2) if signs[pair[0]] == signs[pair[1]])
    return [
        {"input": i + 1, "against": j + 1, "multiplier": [[signs[j], [f"a{j + 1}"]]]},
        {"input": j + 1, "against": i + 1, "multiplier": [[signs[i], [f"a{i + 1}"]]]},
    ]


def check_rank1_certificate(certificate: Any) -> list[str]:
    """Reasons why the certificate does not prove the statement; empty if it does."""
    try:
        return _reasons(certificate)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def _reasons(certificate: dict[str, Any]) -> list[str]:
    reasons = []
    expected = {"schema": SCHEMA, "statement": STATEMENT, "class": CLASS, "class_zero": CLASS_ZERO, "assumes": ASSUMES}
    for field, value in expected.items():
        if certificate[field] != value:
            reasons.append(f"{field} is {certificate[field]!r}; this checker proves {value!r}.")
    labels = certificate["labels"]
    if len(labels) != 3 or len(set(labels)) != 3:
        reasons.append(f"labels {labels!r} are not three distinct names.")
    patterns = [tuple(case["signs"]) for case in certificate["cases"]]
    complete = set(itertools.product((-1, 0, 1), repeat=3))
    if set(patterns) != complete or len(patterns) != len(complete):
        missing = sorted(complete - set(patterns))
        reasons.append(f"{len(patterns)} sign patterns, missing {missing}: the case split is not all of them once.")
    for case in certificate["cases"]:
        reasons += [f"signs {case['signs']}: {reason}" for reason in _case_reasons(case)]
    return reasons


def _case_reasons(case: dict[str, Any]) -> list[str]:
    """Why the premises of this case, so combined, do not contradict each other."""
    sign = {f"a{k + 1}": s for k, s in enumerate(case["signs"])}
    reasons, total = [], Counter()
    if not case["uses"]:
        reasons.append("no premise is used.")
    for use in case["uses"]:
        i, j = use["input"], use["against"]
        if len({i, j} & {1, 2, 3}) != 2:
            reasons.append(f"premise ({i}, {j}) is not about an input and another label.")
            continue
        multiplier = _expand(use["multiplier"])
        if not _is_positive(multiplier, sign):
            reasons.append(f"the multiplier {use['multiplier']} is not positive.")
        for (variables, m), (w, c) in itertools.product(multiplier.items(), ((f"w{i}", 1), (f"w{j}", -1))):
            total[tuple(sorted((*variables, f"a{i}", w)))] += m * c
    left = {v: c for v, c in total.items() if c and not any(sign.get(x) == 0 for x in v)}
    if left:
        reasons.append(f"the combination is not zero: {left} is left.")
    return reasons


def _expand(polynomial: Polynomial) -> Counter[tuple[str, ...]]:
    """Coefficients by sorted variables."""
    terms: Counter[tuple[str, ...]] = Counter()
    for coefficient, variables in polynomial:
        if type(coefficient) is not int or not all(v in ("a1", "a2", "a3", "w1", "w2", "w3") for v in variables):
            raise ValueError(f"{coefficient!r} * {variables!r} is not an integer times known variables")
        terms[tuple(sorted(variables))] += coefficient
    return terms


def _is_positive(polynomial: Counter[tuple[str, ...]], sign: dict[str, int]) -> bool:
    """Whether every term is positive for these signs of the a's (a w has no sign), and there is a term."""
    for variables, coefficient in polynomial.items():
        value = (coefficient > 0) - (coefficient < 0)
        for v in variables:
            value *= sign.get(v, 0)
        if value <= 0:
            return False
    return bool(polynomial)


def largest_departure_from_rank_one(seed: int, n_inputs: int = 20) -> float:
    """The numeric test of the first lemma: a random network of the class, its logits [n_inputs, d_vocab_out] computed
    position by position from W_E, W_pos, W_Q, W_K, W_V, W_O, W_U, and the largest 2 x 2 minor relative to its terms."""
    rng = np.random.default_rng(seed)
    d_vocab, n_ctx, d_model, d_out = rng.integers(2, 7, 4)
    embed, position = rng.normal(size=(d_vocab, d_model)), rng.normal(size=(n_ctx, d_model))
    w_q, w_k, w_v = rng.normal(size=(3, d_model, 1))
    b_q, b_k, b_v = rng.normal(size=(3, 1))
    w_o, w_u = rng.normal(size=(1, d_model)), rng.normal(size=(d_model, d_out))
    logits = []
    for tokens in rng.integers(0, d_vocab, (n_inputs, n_ctx)):
        x = embed[tokens] + position
        scores = (x[-1] @ w_q + b_q) @ (x @ w_k + b_k).T
        pattern = np.exp(scores - scores.max())
        logits.append(pattern @ (x @ w_v + b_v) / pattern.sum() @ w_o @ w_u)
    table = np.array(logits)
    products = table[:, None, :, None] * table[None, :, None, :]
    minors = products - products.transpose(0, 1, 3, 2)
    return float(abs(minors).max() / abs(products).max())
