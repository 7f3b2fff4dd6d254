"""Parity of K bits takes exactly K heads: certificates below, witnesses above. (What training finds: `parity_learned`.)

Impossible: parity is orthogonal to every product of fewer than K bits, for all K at once; for small K linear
programming finds the same in whole numbers. Possible: hand-written networks, certified as stored. Degree <= H does not
imply that H heads suffice; for parity the witnesses close the gap.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from readoff.certificates.threshold_degree import build_parity
from readoff.claims import (
    Certified,
    Constructed,
    EveryNetwork,
    Exists,
    Identity,
    Known,
    Measured,
    Process,
    Trained,
    certified,
    claim,
    on_material,
)
from readoff.claims.control import corrupted
from readoff.constructions.parity import parity_network
from readoff.networks.network import Network
from readoff.studies.heads_claim import HEADS
from readoff.studies.skip.certified import (
    CALCULATED,
    LAYER,
    another,
    least_margin,
    obstruction,
    one_number_off,
    parity_for_all,
    parity_margin,
    rules_out,
)
from readoff.studies.skip.curves import coefficients, head_curves
from readoff.studies.skip.recipes import parity_cell
from readoff.tasks import Parity

MOST_BITS = 7


def witnesses() -> tuple[Network, ...]:
    """Parity of 1 to 7 bits with as many heads of d_head 1 and finite weights."""
    return tuple(parity_network(Parity(bits)) for bits in range(1, MOST_BITS + 1))


def all_margins(networks: Sequence[Network]) -> Measured:
    """Certified least margin over all of them, whether each has as many heads of d_head 1 as bits, the numbers of bits,
    and the third head's coefficient in the network for three bits, read from its weights."""
    found = [least_margin(n, Parity(n.architecture.n_ctx - 1)) for n in networks]
    bits = [n.architecture.n_ctx - 1 for n in networks]
    as_many = all(n.architecture.n_heads == b and n.architecture.d_head == 1 for n, b in zip(networks, bits))
    return certified(
        least_margin=(min(lo for lo, _ in found), min(hi for _, hi in found)),
        as_many=as_many,
        most_bits=max(bits),
        sizes=len(set(bits)),
        third_of_three=coefficients(head_curves(networks[bits.index(3)]))[2],
    )


def _last_head_silent(networks: Sequence[Network]) -> Any:
    out = []
    for network in networks:
        w_o = network.weights["blocks.0.attn.W_O"].copy()
        w_o[-1] = 0
        out.append(Network(network.architecture, {**network.weights, "blocks.0.attn.W_O": w_o}))
    return tuple(out)


@claim(
    "skip/parity-heads/witnesses",
    says="K heads of d_head 1 with finite weights compute the parity of K bits, for K = 1 to 7.",
    about=Process(witnesses, "parity of 1 to 7 bits"),
    scope=Exists(),
    measure=all_margins,
    headline="most_bits",
    must_fail=[on_material("one head silenced", _last_head_silent)],
    known=Known("380", CALCULATED + ": 132, -480, 380 for K = 3", "third_of_three"),
)
def enough_heads(n):
    return (n["least_margin"] > 0) & (n["as_many"] == 1) & (n["most_bits"] == MOST_BITS) & (n["sizes"] == MOST_BITS)


@claim(
    "skip/parity-heads",
    says="Fewer than K heads never compute the parity of K bits, for every K: parity has threshold degree K.",
    about=Certified(build_parity, parity_for_all, "orthogonality of parity"),
    scope=EveryNetwork(
        LAYER.format("K - 1 heads"),
        relaxation=Constructed(partial(parity_network, Parity(3)), "three heads for three bits"),
        attack=Trained(parity_cell(3, 2)),
    ),
    measure=parity_margin,
    statement="skip/parity-needs-heads",
    relation="supports",
    must_fail=[
        *corrupted("factors"),
        one_number_off("factors"),
        another("the sum of all bits' weights", lambda: {"schema": 1, "factors": [1, 1]}),
    ],
    assumes=[HEADS],
)
def fewer_heads_never(n):
    return ~(n["least_margin"] > 0)


SMALL = range(2, 7)


def small_certificates() -> dict[str, Any]:
    """Rational certificates for 2 to 6 bits and one head fewer, found by linear programming that knows nothing of
    parity but its inputs and labels."""
    return {str(bits): obstruction(Parity(bits), bits - 1) for bits in SMALL}


def check_small(certificates: Any) -> list[str]:
    """Why these are not certificates that K - 1 heads cannot do the parity of K bits, for K = 2 to 6, each by its own
    checker against the task."""
    if set(certificates) != set(map(str, SMALL)):
        return [f"certificates for {', '.join(certificates) or 'nothing'} bits; expected 2 to 6."]
    return [
        f"{bits} bits: {reason}"
        for bits, certificate in certificates.items()
        for reason in rules_out(certificate, Parity(int(bits)), int(bits) - 1)
    ]


def _one_weight_off(certificates: Any) -> Any:
    last = certificates[str(max(SMALL))]
    weights = [last["weights"][0] + 1, *last["weights"][1:]]
    return {**certificates, str(max(SMALL)): {**last, "weights": weights}}


def _fewer_bits(certificates: Any) -> Any:
    return {**certificates, str(max(SMALL)): certificates[str(max(SMALL) - 1)]}


@claim(
    "skip/parity-heads/by-linear-programming",
    says="The same, found by linear programming for 2 to 6 bits and verified in whole numbers.",
    about=Certified(small_certificates, check_small, "threshold degrees of parity, 2 to 6 bits"),
    scope=Identity(),
    measure=lambda found: certified(most_bits=max(c["n_heads"] for c in found.values()) + 1),
    headline="most_bits",
    must_fail=[
        on_material("one weight of one certificate off by one", _one_weight_off),
        on_material("a certificate for another sentence: five bits in the place of six", _fewer_bits),
    ],
    assumes=[HEADS],
)
def small_parities(n):
    return n["most_bits"] == 6
