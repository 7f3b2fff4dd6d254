"""A task that H heads cannot do: some of its inputs, and weights under which they contradict each other.

Take inputs that end in one and the same token. One attention layer with H heads sees such an input only through its
token counts n (with positions: counts of placed tokens), and each head is a quotient N_h(n) / D_h(n) of linear forms
with D_h > 0. So the difference of two logits, times the positive D_1 ... D_H, is a polynomial of degree at most H in n.
If the network is right, it is positive on the inputs with the one label and negative on those with the other. A
weighting of inputs under which every signed monomial of degree <= H adds up to zero shows that there is none.

For XOR (tokens 0 1 =) and one head, without positions:

>>> xor = {"schema": 1, "n_heads": 1, "positions": False, "inputs": [[0, 0, 2], [0, 1, 2], [1, 1, 2]],
...        "labels": [0, 1, 0], "weights": [1, 2, 1]}
>>> check_heads(xor, 1, False, *XOR)
[]
>>> check_heads(xor, 2, False, *XOR)
['the certificate is about 1 head(s); the sentence is about 2.']
>>> check_heads({**xor, "labels": [0, 1, 1]}, 1, False, *XOR)
['input [1, 1, 2] with label 1 is not in the task.']

The last token must be the same: what a head looks for depends on it. A network that repeats its last token has one head
and all margins positive, although over *all* its inputs no linear function of the counts is right.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from readoff.certificates.threshold_degree import check_degree

SCHEMA = 1
HEADS_LEMMA = {
    "name": "heads-are-degree",
    "text": "For one attention layer with H heads (no MLP, no normalisation; positions, biases and a direct path "
    "allowed), read at the last token, and for inputs that end in one and the same token: the difference of two logits "
    "times the product of the H positive softmax denominators is a polynomial of degree at most H in the counts of the "
    "tokens (with positions: of the placed tokens).",
    "source": "each head is N_h / D_h with N_h, D_h linear in the counts and D_h > 0; multiply out",
    "test": "readoff.certificates.heads.departure_from_degree",
}
XOR = ([[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 2]], [0, 1, 1, 0])
"""The task of the example: inputs [n][n_ctx] and labels [n]."""


def check_heads(
    certificate: Any, n_heads: int, positions: bool, inputs: Sequence[Sequence[int]], labels: Sequence[int]
) -> list[str]:
    """Reasons why the data do not show that no layer with `n_heads` heads is right on the whole task; empty if they do.

    inputs [n][n_ctx] token numbers and labels [n]: the task that the sentence is about
    certificate: "inputs" [m][n_ctx], "labels" [m] of the task, two different ones, and "weights" [m] ints >= 0
    """
    try:
        return _reasons(certificate, n_heads, positions, inputs, labels)
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def _reasons(certificate: Any, n_heads: int, positions: bool, inputs: Any, labels: Any) -> list[str]:
    used, said, weights = certificate["inputs"], certificate["labels"], certificate["weights"]
    if type(certificate["schema"]) is not int or certificate["schema"] != SCHEMA:
        return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
    if type(certificate["n_heads"]) is not int or certificate["n_heads"] != n_heads or n_heads < 1:
        return [f"the certificate is about {certificate['n_heads']} head(s); the sentence is about {n_heads}."]
    if certificate["positions"] is not positions:
        return [f"the certificate says positions {certificate['positions']!r}; the sentence says {positions}."]
    task = {tuple(row): label for row, label in zip(inputs, labels, strict=True)}
    for row, label in zip(used, said, strict=True):
        if not all(type(x) is int for x in (*row, label)) or task.get(tuple(row)) != label:
            return [f"input {list(row)} with label {label} is not in the task."]
    if len({row[-1] for row in used}) != 1:
        return [f"the inputs end in different tokens, {sorted({row[-1] for row in used})}; the lemma is about one."]
    if len(set(said)) != 2:
        return [f"the inputs have the labels {sorted(set(said))}; expected two different ones."]
    counts = [_counted(row, positions) for row in used]
    columns = sorted({name for row in counts for name in row})
    table = [[row.get(name, 0) for name in columns] for row in counts]
    signs = [int(label == max(said)) for label in said]
    return check_degree({"schema": 1, "degree": n_heads, "counts": table, "labels": signs, "weights": weights})


def _counted(row: Sequence[int], positions: bool) -> dict[tuple[int, int], int]:
    """How often every token (at every place, with positions) stands in an input."""
    counted: dict[tuple[int, int], int] = {}
    for place, token in enumerate(row):
        name = (place if positions else 0, token)
        counted[name] = counted.get(name, 0) + 1
    return counted


def departure_from_degree(seed: int, heads: int, bits: int, one_end: bool = True) -> float:
    """The numeric test of the lemma: a random layer on all bit strings that end in one token, its logit difference
    times its denominators, and the weighted sum that must vanish if this is a polynomial of degree <= heads < bits
    (relative to its terms). Without `one_end` the strings end in their own last bit, and it need not vanish."""
    rng = np.random.default_rng(seed)
    x = np.array(list(itertools.product((0, 1), repeat=bits)))
    d_model, d_head = 4, 3
    embed, place = rng.normal(size=(3, d_model)), rng.normal(size=(bits + 1, d_model))
    tokens = np.hstack([x, np.full((len(x), 1), 2)]) if one_end else x
    residual = embed[tokens] + place[: tokens.shape[1]]
    difference = residual[:, -1] @ rng.normal(size=d_model)
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
