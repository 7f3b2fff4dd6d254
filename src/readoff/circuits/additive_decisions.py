"""Does some additive skip-trigram model make the same decisions as a network, on every input?

A linear program settles this exactly: the additive model must put the decided output above each other one, a strict
system in the contributions. The answer comes with a certificate in whole numbers (`certificates.linear`), a model or an
obstruction. The *smallest number of disagreements* is no linear program; `disagreement` gives a labelled bound.

>>> from readoff.tasks import Xor
>>> domain = Xor().domain(orbits=True)
>>> found = additive_decisions(domain.labels, domain.counts(3), domain, d_out=2)
>>> found.separable, [c["obstruction"] for c in found.certificates]      # 00 and 11 against 01 twice
(False, [[1, 2, 1]])
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from readoff.certificates.linear import SCHEMA, check_system
from readoff.circuits.behaviour import network_logits
from readoff.circuits.paths import context_counts, one_layer
from readoff.circuits.strict import strict_system
from readoff.core.domain import Domain
from readoff.core.errors import BadValue, TooLarge
from readoff.networks.network import Network

MAX_ROWS = 60_000
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class AdditiveDecisions:
    """`separable`: True, False, or None if it was left open: by rounding, or because the network itself makes no
    decision on some input (a tie, a number that is not finite). One certificate for each destination that was decided.

    `lower` and `upper` bound the probability of the inputs on which the best additive model must disagree (exact when
    separable: both 0). They are bounds, not the minimum.
    """

    separable: bool | None
    certificates: tuple[dict[str, Any], ...]
    lower: Fraction
    upper: Fraction


def network_decisions(network: Network, domain: Domain) -> np.ndarray:
    """int [n]: the output with the largest logit on every input; -1 where there is none (see `decided`)."""
    return decided(network_logits(network, domain.tokens))


def decided(logits: np.ndarray) -> np.ndarray:
    """int [...]: the output with the largest of the logits [..., d_out]; -1 for ties and where one is not finite.

    Logits within 1e-9 (relative to the largest magnitude, or 1) of each other are tied: rounding decides no input.
    """
    if logits.shape[-1] < 2:
        raise BadValue("a decision needs at least two outputs; this network has one.")
    finite = np.asarray(np.isfinite(logits).all(axis=-1))
    values = np.where(finite[..., None], logits, 0.0)
    second, first = np.moveaxis(np.sort(values, axis=-1)[..., -2:], -1, 0)
    clear = finite & (first - second > TIE * np.maximum(1.0, np.abs(values).max(axis=-1)))
    return np.where(clear, values.argmax(axis=-1), -1)


def additive_gap(
    network: Network, domain: Domain, objective: Literal["separable", "bounds"] = "separable"
) -> AdditiveDecisions:
    """`additive_decisions` of a one-layer network. With "bounds", disagreement is bounded from both sides.

    BadValue: two layers or an MLP; an objective that no linear program has.
    """
    one_layer(network.architecture)
    if objective not in ("separable", "bounds"):
        raise BadValue(
            f"objective {objective!r}: a linear program decides only whether *all* decisions can be matched "
            "('separable'); the least number of disagreements is a search over subsets. Ask for 'bounds' instead: a "
            "certified lower and a reached upper bound."
        )
    counts = context_counts(network.architecture, domain.tokens)
    decided = network_decisions(network, domain)
    return additive_decisions(decided, counts, domain, network.architecture.d_vocab_out, objective == "bounds")


def additive_decisions(
    decisions: np.ndarray, counts: np.ndarray, domain: Domain, d_out: int, bounds: bool = False
) -> AdditiveDecisions:
    """Is there f with sum_t counts_t f(t, decided) > sum_t counts_t f(t, other) everywhere, for each destination?

    decisions int [n] (-1: none was made, and then this is left open unless the others already obstruct), counts int
    [n, token]. TooLarge: more than MAX_ROWS conditions for one destination.
    """
    answers: list[bool | None] = [None] if (decisions < 0).any() else []
    certificates = []
    lower = upper = Fraction(0)
    for end in np.unique(domain.tokens[:, -1]).tolist():
        rows = np.flatnonzero((domain.tokens[:, -1] == end) & (decisions >= 0))
        if not len(rows):
            continue
        systems, owners = _conditions(decisions[rows], counts[rows], d_out)
        found = strict_system(systems)
        answers.append(found.solution is not None if found.decided else None)
        certificate: dict[str, Any] = {"schema": SCHEMA, "destination": end, "rows": systems.tolist()}
        if found.solution is not None:
            certificates.append({**certificate, "solution": list(found.solution)})
        elif found.obstruction is not None:
            certificates.append({**certificate, "obstruction": list(found.obstruction)})
            mass = [domain.weight(int(rows[i])) for i in range(len(rows))]
            used = {int(owners[i]) for i, y in enumerate(found.obstruction) if y}
            lower += min(mass[i] for i in used)
            if bounds:
                upper += _reached(systems, owners, mass)
    for certificate in certificates:
        reasons = check_system(certificate)
        if reasons:
            raise AssertionError(f"a certificate is refused by its own checker: {reasons[0]}")
    if None in answers or (not bounds and False in answers):
        upper = Fraction(1)
    separable = False if False in answers else None if None in answers else True
    return AdditiveDecisions(separable, tuple(certificates), lower, upper)


def _conditions(decisions: np.ndarray, counts: np.ndarray, d_out: int) -> tuple[np.ndarray, np.ndarray]:
    """One row for every input and other output, columns (token, output) with output 0 as the zero of the gauge; and
    the input that each row belongs to."""
    if len(counts) * (d_out - 1) > MAX_ROWS:
        raise TooLarge(
            f"{len(counts):,} inputs with {d_out} outputs give {len(counts) * (d_out - 1):,} conditions; the limit is "
            f"{MAX_ROWS:,}. Use orbits (domain_for), merge tokens, or a smaller task; on a sample (task.sample) the "
            "answer would be SAMPLED."
        )
    counts = counts[:, counts.any(axis=0)]
    n, tokens = counts.shape
    table = np.zeros((n, d_out, d_out, tokens), dtype=np.int64)
    inputs = np.arange(n)
    for other in range(d_out):
        table[inputs, other, decisions] += counts
        table[inputs, other, other] -= counts
    kept = np.arange(d_out)[None, :] != decisions[:, None]
    return table[:, :, 1:].reshape(n, d_out, -1)[kept], np.repeat(inputs, d_out)[kept.ravel()]


def _reached(systems: np.ndarray, owners: np.ndarray, mass: list[Fraction]) -> Fraction:
    """The disagreement of one good additive model: the least total slack (weighted by probability)."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix, hstack

    n, k = systems.shape
    slack = csr_matrix((np.ones(n), (np.arange(n), owners)), shape=(n, len(mass)))
    cost = np.concatenate([np.zeros(k), [float(m) for m in mass]])
    limits = [(None, None)] * k + [(0, None)] * len(mass)
    found = linprog(cost, A_ub=-hstack([csr_matrix(systems), slack]), b_ub=-np.ones(n), bounds=limits, method="highs")
    wrong = {int(owners[i]) for i in np.flatnonzero(systems @ found.x[:k] <= 1e-7)}
    return sum((mass[i] for i in wrong), Fraction(0))
