"""XOR: a skip-4-gram, out of reach of one head, and done by two.

Impossible is a certificate that no linear function of the tokens has the right sign on all inputs; possible is a
network written by hand and certified as stored; learned is an ensemble.
"""

from functools import partial
from typing import Any

from readoff.certificates.threshold_degree import build_parity, check_degree, check_parity, parity_weights
from readoff.circuits.threshold import degree_certificate
from readoff.claims import (
    Certified,
    Constructed,
    EveryNetwork,
    Exhibit,
    Exists,
    Identity,
    Known,
    Measured,
    Seeds,
    Trained,
    certified,
    claim,
    corrupted_certificate,
    shuffled_weights,
    untrained,
)
from readoff.constructions.parity import head_curves, parity_coefficients, parity_network
from readoff.studies.skip.certified import CALCULATED, HEADS, LAYER, one_number_off, parity_margin
from readoff.studies.skip.recipes import parity_cell
from readoff.tasks import TruthTable, Xor


def two_bit_certificate() -> dict[str, Any]:
    """XOR as a polynomial of degree 2 in the placed tokens: pairs of context tokens, that is, skip-4-grams."""
    domain = TruthTable((0, 1, 1, 0)).domain()
    found = degree_certificate(domain.counts(5), domain.labels, 2)
    assert found is not None
    return found


@claim(
    "skip/xor/skip-4-gram",
    says="XOR of two bits is a sum of skip-4-grams, contributions of *pairs* of context tokens: a polynomial of "
    "degree 2 in the tokens has the right sign on all four inputs.",
    about=Certified(two_bit_certificate, check_degree, "polynomial for XOR"),
    scope=Identity(),
    headline="degree",
    statement="skip/xor",
    relation="corrects",
    must_fail=[*corrupted_certificate, one_number_off("labels")],
    known=Known("2", CALCULATED, "degree"),
)
def skip_4_gram(n):
    return n["degree"] == 2


@claim(
    "skip/xor/fixed-n",
    says="What is true: for every K, sums of contributions of fewer than K context tokens (skip-n-grams with n below "
    "K + 2) miss the parity of K bits, because parity is orthogonal to every product of fewer than K bits.",
    about=Certified(build_parity, check_parity, "orthogonality of parity"),
    scope=Identity(),
    headline="missing_bit",
    statement="skip/n-grams-not-universal",
    relation="supports",
    must_fail=list(corrupted_certificate),
)
def fixed_n(n):
    return n["missing_bit"] == 0


@claim(
    "skip/xor/one-head",
    says="No network with one head computes XOR: no linear function of the tokens has the right sign on all inputs.",
    about=Certified(partial(parity_weights, 2), check_degree, "XOR is not linear"),
    scope=EveryNetwork(
        LAYER.format("one head"),
        relaxation=Constructed(partial(parity_network, Xor()), "two heads of d_head 1"),
        attack=Trained(parity_cell(2, 1)),
    ),
    measure=parity_margin,
    must_fail=[*corrupted_certificate, one_number_off("weights"), one_number_off("labels")],
    assumes=[HEADS],
)
def one_head_no_xor(n):
    return ~(n["least_margin"] > 0)


def xor_network(network: Any) -> Measured:
    """Certified margin, and the two exact coefficients of k / (1 + k) and k / (2 + k)."""
    first, second = parity_coefficients(2)
    return certified(**parity_margin(network).numbers, first=float(first), second=float(second))


def heads_added_up(network: Any, n: Any) -> list[Exhibit]:
    """What each head says on k ones, and their sum."""
    curves = head_curves(network.architecture.n_ctx - 1)
    labels = [f"{k} ones" for k in range(curves.shape[1])]
    steps = [
        {"name": "each head", "rows": [f"head {h}" for h in range(len(curves))], "labels": labels,
         "values": curves.tolist()},
        {"name": "sum: the parity of k", "labels": labels, "values": curves.sum(axis=0).tolist()},
    ]  # fmt: skip
    caption = "Head h says c_h k / (h + 1 + k) on k ones. The coefficients solve a Cauchy system, exactly."
    data = {"input": ["k ones", "others zero", "="], "steps": steps}
    return [Exhibit("heads", "trace", "Parity, head by head", caption, data)]


@claim(
    "skip/xor/two-heads",
    says="Two heads of d_head 1 compute XOR: 18 k / (1 + k) - 24 k / (2 + k) is 0, 1, 0 on k = 0, 1, 2 ones.",
    about=Constructed(partial(parity_network, Xor()), "XOR, two heads of d_head 1"),
    scope=Exists(),
    measure=xor_network,
    headline="first",
    must_fail=[shuffled_weights],
    known=Known("18", CALCULATED, "first"),
    exhibit=heads_added_up,
)
def two_heads_xor(n):
    return (n["least_margin"] > 0) & (n["n_heads"] == 2) & (n["first"] / 2 + n["second"] / 3 == 1)


@claim(
    "skip/xor/learned",
    says="Two heads of d_head 1 learn XOR.",
    about=Trained(parity_cell(2, 2)),
    scope=Seeds(at_least=0.8, confidence=0.95),
    measure=parity_margin,
    must_fail=[untrained],
)
def xor_is_learned(n):
    return n["least_margin"] > 0
