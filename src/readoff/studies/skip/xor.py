"""XOR: a skip-4-gram, out of reach of one head, and done by two.

Impossible is a certificate that no linear function of the placed tokens has the right sign on all inputs; possible is a
network written by hand and certified as stored; learned is an ensemble.
"""

from functools import partial
from typing import Any

import numpy as np

from readoff.certificates.threshold_degree import build_parity
from readoff.circuits.threshold import degree_certificate
from readoff.claims import (
    Certified,
    Constructed,
    EveryNetwork,
    Exists,
    Identity,
    Known,
    Measured,
    Seeds,
    Trained,
    certified,
    claim,
    on_material,
    shuffled_weights,
    untrained,
)
from readoff.claims.control import corrupted
from readoff.constructions.parity import parity_network
from readoff.studies.heads_claim import HEADS
from readoff.studies.pairs.arms import explored
from readoff.studies.skip.certified import (
    CALCULATED,
    LAYER,
    another,
    has_polynomial,
    least_margin,
    obstruction,
    one_number_off,
    parity_for_all,
    parity_margin,
    rules_out,
)
from readoff.studies.skip.curves import added_up, coefficients, departure, head_curves
from readoff.studies.skip.recipes import parity_cell
from readoff.tasks import TruthTable, Xor
from readoff.tasks.base import Task

AND = TruthTable((0, 0, 0, 1))
XOR = TruthTable((0, 1, 1, 0))


def polynomial(task: Task, degree: int) -> dict[str, Any]:
    """A certificate with a polynomial of this degree in the placed tokens that has the right sign on every input."""
    tokens = task.domain().tokens
    placed = [tokens[:, place] == token for place in range(task.n_ctx) for token in range(task.d_vocab)]
    found = degree_certificate(np.stack(placed, axis=1).astype(int), task.domain().labels, degree)
    assert found is not None and "polynomial" in found
    return found


def largest_term(certificate: Any) -> Measured:
    """How many tokens the longest term of the polynomial multiplies, and how many terms there are."""
    terms = [tokens for _, tokens in certificate["polynomial"]]
    return certified(tokens_together=max(map(len, terms)), terms=len(terms))


def _negated(certificate: Any) -> Any:
    return {**certificate, "polynomial": [[-c, tokens] for c, tokens in certificate["polynomial"]]}


def _shorter(terms: Any) -> Any:
    return sorted(terms, key=lambda term: len(term[1]))[:-1]


@claim(
    "skip/xor/skip-4-gram",
    says="XOR of two bits is a sum of skip-4-grams, contributions of *pairs* of context tokens: a polynomial of "
    "degree 2 in the placed tokens has the right sign on all four inputs.",
    about=Certified(partial(polynomial, XOR, 2), partial(has_polynomial, task=XOR), "polynomial for XOR"),
    scope=Identity(),
    measure=largest_term,
    headline="tokens_together",
    statement="skip/xor",
    relation="corrects",
    must_fail=[
        on_material("every coefficient negated", _negated),
        on_material("the longest term left out", lambda c: {**c, "polynomial": _shorter(c["polynomial"])}),
        another("a polynomial for AND", partial(polynomial, AND, 2)),
    ],
    known=Known("2", CALCULATED, "tokens_together"),
)
def skip_4_gram(n):
    return n["tokens_together"] == 2


def every_bit_counts(certificate: Any) -> Measured:
    """What a bit that a product misses contributes: the sum of the two factors."""
    return certified(missing_bit=sum(certificate["factors"]))


@claim(
    "skip/xor/fixed-n",
    says="What is true: for every K, sums of contributions of fewer than K context tokens (skip-n-grams with n below "
    "K + 2) miss the parity of K bits, because parity is orthogonal to every product of fewer than K bits.",
    about=Certified(build_parity, parity_for_all, "orthogonality of parity"),
    scope=Identity(),
    measure=every_bit_counts,
    headline="missing_bit",
    statement="skip/n-grams-not-universal",
    relation="supports",
    must_fail=[
        *corrupted("factors"),
        one_number_off("factors"),
        another("the sum of all bits' weights", lambda: {"schema": 1, "factors": [1, 1]}),
    ],
)
def fixed_n(n):
    return n["missing_bit"] == 0


@claim(
    "skip/xor/one-head",
    says="No network with one head computes XOR: no linear function of the placed tokens has the right sign on all "
    "inputs.",
    about=Certified(partial(obstruction, Xor(), 1), partial(rules_out, task=Xor(), n_heads=1), "XOR is not linear"),
    scope=EveryNetwork(
        LAYER.format("one head"),
        relaxation=Constructed(partial(parity_network, Xor()), "two heads of d_head 1"),
        attack=Trained(parity_cell(2, 1)),
    ),
    measure=parity_margin,
    must_fail=[
        *corrupted("weights"),
        one_number_off("weights"),
        another("XOR with a token for every bit's value", partial(obstruction, XOR, 1)),
    ],
    assumes=[HEADS],
)
def one_head_no_xor(n):
    return ~(n["least_margin"] > 0)


def xor_network(network: Any) -> Measured:
    """Certified margin; from the stored weights the coefficients of k / (1 + k) and k / (2 + k), how far the heads are
    from this form, and how far their sum is from the parity of k."""
    curves, c = head_curves(network), coefficients(head_curves(network))
    total = curves[0]
    for head in range(1, len(curves.lo)):
        total = total + curves[head]
    return certified(
        least_margin=least_margin(network, Xor()),
        n_heads=network.architecture.n_heads,
        first=c[0],
        second=c[1],
        off_form=departure(curves),
        off_parity=abs(total - np.arange(curves.shape[1]) % 2).max(),
    )


@claim(
    "skip/xor/two-heads",
    says="Two heads of d_head 1 compute XOR: read from the stored weights they say 18 k / (1 + k) and -24 k / (2 + k) "
    "on k ones, to twelve digits, which add up to 0, 1, 0 for k = 0, 1, 2.",
    about=Constructed(partial(parity_network, Xor()), "XOR, two heads of d_head 1"),
    scope=Exists(),
    measure=xor_network,
    headline="first",
    must_fail=[shuffled_weights],
    known=Known("18", CALCULATED, "first"),
    exhibit=lambda network, n: added_up(network),
)
def two_heads_xor(n):
    right = (n["least_margin"] > 0) & (n["n_heads"] == 2)
    return right & (n["off_form"] < 1e-12) & (n["off_parity"] < 1e-12)


@claim(
    "skip/xor/learned",
    says="Two heads of d_head 1 learn XOR.",
    about=Trained(parity_cell(2, 2)),
    scope=Seeds(at_least=explored(254, 256), confidence=0.95),
    measure=parity_margin,
    must_fail=[untrained],
)
def xor_is_learned(n):
    return n["least_margin"] > 0
