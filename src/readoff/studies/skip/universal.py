"""Enough heads compute any function of a multiset: exact ranks, and one arbitrary function as a network."""

from functools import partial
from typing import Any

from readoff.certificates.multiset_rank import check_rank, exact_rank
from readoff.claims import (
    Certified,
    Constructed,
    Exists,
    Identity,
    Known,
    certified,
    claim,
    on_material,
    shuffled_weights,
)
from readoff.constructions.universal import universal_certificate, universal_network
from readoff.studies.skip.certified import CALCULATED, another, least_margin
from readoff.tasks import Multiset
from readoff.tasks.multiset import n_multisets


def _two_alike(certificate: Any) -> Any:
    return {**certificate, "weights": [certificate["weights"][1], *certificate["weights"][1:]]}


two_heads_alike = on_material("two heads alike", _two_alike)


def _spans(vocab: int, n_tokens: int, known: str) -> Any:
    @claim(
        f"skip/universal/rank-{vocab}-{n_tokens}",
        says=f"Heads of d_head 1 span all functions of {n_tokens} tokens out of {vocab}: with as many heads as "
        "multisets the exact matrix of their outputs has full rank.",
        about=Certified(
            partial(universal_certificate, vocab, n_tokens),
            partial(check_rank, vocab=vocab, n=n_tokens),
            f"rank ({vocab}, {n_tokens})",
        ),
        scope=Identity(),
        measure=lambda c: certified(rank=exact_rank(c), heads=len(c["weights"])),
        headline="rank",
        statement="skip/universal",
        relation="supports",
        must_fail=[two_heads_alike, another("two tokens out of two", partial(universal_certificate, 2, 2))],
        known=Known(known, CALCULATED, "rank"),
    )
    def spans(n):
        return (n["rank"] == n_multisets(vocab, n_tokens)) & (n["heads"] == n["rank"])

    return spans


ranks = [_spans(2, 5, "6"), _spans(3, 4, "15"), _spans(4, 3, "20")]
ARBITRARY = Multiset(3, 4, (0, 1, 1, 2, 0, 2, 2, 1, 0, 1, 2, 0, 0, 1, 2))


@claim(
    "skip/universal/any-function",
    says="One layer of 15 heads of d_head 1, without biases, computes an arbitrary labelling of the 15 multisets of "
    "four tokens out of three.",
    about=Constructed(partial(universal_network, ARBITRARY), "an arbitrary function of multisets"),
    scope=Exists(),
    measure=lambda network: certified(least_margin=least_margin(network, ARBITRARY)),
    headline="least_margin",
    statement="skip/universal",
    relation="supports",
    must_fail=[shuffled_weights],
)
def any_function(n):
    return n["least_margin"] > 0
