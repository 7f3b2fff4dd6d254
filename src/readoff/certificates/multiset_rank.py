"""Enough heads do anything: M heads of d_head 1 tell M multisets apart linearly.

On a context that holds n_v copies of token v (and a read-off token), a head with attention weights e and values 1 / e
says (n + 1) / (e . n + r): the values cancel the weights upstairs. There are M = C(V + n - 1, n) multisets of n tokens
out of V. If the M x M matrix of 1 / (e_j . n_i + r_j) has rank M, its columns are a basis, and *every* function of the
multiset is a weighted sum of these M heads. The matrix is rational, so its rank is a fact:

>>> certificate = {"schema": 1, "vocab": 2, "n": 2, "weights": [[1, 2, 1], [1, 3, 1], [1, 4, 1]]}
>>> check_rank(certificate, vocab=2, n=2), exact_rank(certificate)
([], 3)
>>> check_rank({**certificate, "weights": [[1, 2, 1], [1, 2, 1], [1, 4, 1]]}, vocab=2, n=2)
['the matrix has rank 2; 3 multisets need rank 3.']

Each row of `weights` is one head: a positive weight for every token, then one for the read-off.
"""

import itertools
from typing import Any

from flint import fmpq, fmpq_mat

SCHEMA = 1
MAX_MULTISETS = 400


def multisets(vocab: int, n: int) -> list[tuple[int, ...]]:
    """Token counts [vocab] of every multiset of n tokens, in the order of combinations_with_replacement."""
    chosen = itertools.combinations_with_replacement(range(vocab), n)
    return [tuple(sum(t == v for t in row) for v in range(vocab)) for row in chosen]


def head_matrix(certificate: dict[str, Any]) -> fmpq_mat:
    """The exact matrix [multiset, head] of 1 / (e . n + r)."""
    rows = multisets(certificate["vocab"], certificate["n"])
    heads = certificate["weights"]
    return fmpq_mat([[fmpq(1, sum(a * b for a, b in zip(e, counts)) + e[-1]) for e in heads] for counts in rows])


def exact_rank(certificate: dict[str, Any]) -> int:
    """The rank of `head_matrix`."""
    return int(head_matrix(certificate).rank())


def check_rank(certificate: Any, vocab: int, n: int) -> list[str]:
    """Reasons why these heads, one for each multiset of n tokens out of `vocab`, do not span all functions of the
    multiset; empty if they do."""
    try:
        heads = certificate["weights"]
        for field, wanted in (("schema", SCHEMA), ("vocab", vocab), ("n", n)):
            if type(certificate[field]) is not int or certificate[field] != wanted or wanted < 1:
                return [f"{field} is {certificate[field]!r}; the sentence is about {wanted}."]
        if any(len(e) != vocab + 1 or any(type(x) is not int or x <= 0 for x in e) for e in heads):
            return [f"every head needs {vocab + 1} positive whole numbers: one a token, then the read-off."]
        wanted = len(multisets(vocab, n)) if vocab <= 30 and n <= 30 else MAX_MULTISETS + 1
        if wanted > MAX_MULTISETS:
            return [f"more than {MAX_MULTISETS} multisets are not checked."]
        if len(heads) != wanted:
            return [f"{len(heads)} heads for {wanted} multisets; expected as many."]
        found = exact_rank(certificate)
        return [] if found == wanted else [f"the matrix has rank {found}; {wanted} multisets need rank {wanted}."]
    except (KeyError, TypeError, IndexError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]
