"""From numbers to a verdict: the quantifier, then the controls, then nothing else.

    main claim   controls                                  verdict
    HOLDS        every must-fail control FAILS,
                 every must-hold control HOLDS             HOLDS
    HOLDS        a must-fail control HOLDS too             VACUOUS
    HOLDS        a control is UNDECIDED                    UNDECIDED
    HOLDS        no must-fail control, or a must-hold
                 control FAILS                             UNCONTROLLED
    otherwise    whatever they do                          what the main claim gave

A control is judged by the same judge in the same scope, on the same seeds: under `given=` those networks are used
that met the condition before they were spoilt. A condition that selects the seeds by the outcome makes the claim
VACUOUS (see `selection`). The reference value (`Known`) is compared after all this. What a user's function raises is a
verdict (ERROR, with its line) and never ends a run, unless it is an interrupt.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from readoff.claims.asking import Answers, Look, ask
from readoff.claims.claim import Claim
from readoff.claims.control import Control
from readoff.claims.enclosure import Maybe, maybe
from readoff.claims.evidence import Exhibit, Measured, summary
from readoff.claims.known import agrees
from readoff.claims.locating import locate
from readoff.claims.scope import (
    ONLY_SAMPLED,
    Decision,
    EveryInput,
    EveryNetwork,
    Scope,
    Seeds,
    decide_many,
    decide_one,
    decide_seeds,
)
from readoff.claims.selection import COINCIDES, coincide, come_apart
from readoff.claims.subject import (
    Complaint,
    Impossible,
    Subject,
    Sweep,
    Trained,
    alive_of,
    n_networks,
    recipes_of,
)
from readoff.claims.verdict import ControlResult, Verdict, VerdictName
from readoff.core.errors import BY_USERS, UnknownName


def evaluate(claim: Claim, look: Look, n_seeds: int) -> Verdict:
    """The verdict on one claim. Never raises for what the claim's author did; an interrupt passes through."""
    try:
        return _evaluate(claim, look, n_seeds)
    except Complaint as complaint:
        return Verdict(claim, "FAILS", str(complaint), Decision("FAILS", str(complaint)))
    except Impossible as proof:
        decision = Decision("FAILS", str(proof), networks="PROVED")
        return Verdict(claim, "FAILS", str(proof), decision, "CERTIFIED", assumes=proof.assumes, kept=proof.document)
    except BY_USERS as error:
        return error_verdict(claim, error)


def error_verdict(claim: Claim, error: BaseException) -> Verdict:
    """The verdict ERROR, with the line of the author's file that raised."""
    reason = locate(error, claim)
    return Verdict(claim, "ERROR", reason, Decision("ERROR", reason))


def _evaluate(claim: Claim, look: Look, n_seeds: int) -> Verdict:
    if isinstance(claim.scope, EveryNetwork):
        return _evaluate_proof(claim, claim.scope, look, n_seeds)
    answers = ask(claim, claim.about, look, n_seeds)
    decision, answer = _decide(claim, answers)
    controls: list[ControlResult] = []
    if answers.selects:
        decision = replace(decision, verdict="VACUOUS", reason=answers.selects)
    elif answer is not None:
        judged = _controls(claim, look, n_seeds, answer, answers.given)
        controls = [result for result, _ in judged]
        if decision.verdict == "HOLDS" and not any(apart for _, apart in judged):
            decision = _unless_selected(claim, decision, answers, answers.by_alternative[answer])
    return _finish(claim, answers, decision, controls, answer)


def _unless_selected(claim: Claim, decision: Decision, answers: Answers, answer: Maybe) -> Decision:
    """VACUOUS where the condition may be the outcome, and the claim would not hold without it."""
    if not isinstance(claim.scope, Seeds) or answers.given is None or not coincide(answers.given, answer):
        return decision
    without = decide_seeds(claim.scope, answer, maybe(np.ones(len(answer.certainly), dtype=bool)))
    return decision if without.verdict == "HOLDS" else replace(decision, verdict="VACUOUS", reason=COINCIDES)


def _evaluate_proof(claim: Claim, scope: EveryNetwork, look: Look, n_seeds: int) -> Verdict:
    thing, measured = look(claim.about, _checked_only)
    decision = Decision("HOLDS", f"proved for the class: {scope.cls}", networks="PROVED")
    answers = Answers(thing, replace(measured, inputs="CERTIFIED"), {})
    controls = []
    for control in claim.must_fail:
        controls.append(_refusal(claim, control, look))
    for name, subject, expected in (("relaxation", scope.relaxation, "fail"), ("attack", scope.attack, "hold")):
        if subject is None:
            reason = f"names no {name}: EveryNetwork needs a step outside the class that FAILS and an attack inside it"
            return _finish(claim, answers, replace(decision, verdict="UNCONTROLLED", reason=reason), controls, None)
        outside = replace(claim, about=subject, scope=EveryInput())
        found, _ = _decide(outside, ask(outside, subject, look, n_seeds))
        label = f"{name}: {getattr(subject, 'name', None) or 'networks trained there'}"
        controls.append(ControlResult(label, expected, found.verdict, found.reason))  # type: ignore[arg-type]
    if controls[-1].verdict == "FAILS":
        reason = f"networks trained inside the class break it ({controls[-1].reason}), whatever the certificate says"
        decision = replace(decision, verdict="FAILS", reason=reason)
    return _finish(claim, answers, decision, controls, None)


def _checked_only(certificate: Any) -> Measured:
    """The measure of a proof: that its checker accepts it is all there is."""
    return Measured({}, "CERTIFIED")


def _refusal(claim: Claim, control: Control, look: Look) -> ControlResult:
    try:
        look(control.mutate(claim.about), _checked_only)
    except Complaint as complaint:
        return ControlResult(control.name, "fail", "FAILS", str(complaint))
    return ControlResult(control.name, "fail", "HOLDS", "the checker accepts it")


def _decide(claim: Claim, answers: Answers) -> tuple[Decision, str | None]:
    """The decision, and for which alternative it was made (None: an open question without an answer)."""
    decisions = {
        name: quantify(claim.scope, claim.about, answers, answer, answers.given)
        for name, answer in answers.by_alternative.items()
    }
    if not claim.open:
        return decisions[""], ""
    holding = [name for name, decision in decisions.items() if decision.verdict == "HOLDS"]
    if len(holding) == 1:
        found = decisions[holding[0]]
        return replace(found, reason=f"answer: {holding[0]} ({found.reason})"), holding[0]
    best = max(decisions, key=lambda name: decisions[name].value or 0.0)
    reason = "none of the declared alternatives holds: " + "; ".join(f"{k}: {d.reason}" for k, d in decisions.items())
    return replace(decisions[best], verdict="UNDECIDED", reason=reason), None


def quantify(scope: Scope, subject: Subject, answers: Answers, answer: Maybe, given: Maybe | None) -> Decision:
    """What the scope makes of the answers; says where NaN was among the numbers that were read."""
    found = _quantify(scope, subject, answers, answer, given)
    if answers.unclear and found.verdict == "UNDECIDED":
        return replace(found, reason=answers.unclear)
    if not answers.n_unknown or found.verdict == "HOLDS":
        return found
    who = f"{answers.n_unknown} networks" if n_networks(subject) == "many" else "it"
    return replace(found, reason=f"{found.reason} (NaN among the numbers read of {who}: that decides nothing)")


def _quantify(scope: Scope, subject: Subject, answers: Answers, answer: Maybe, given: Maybe | None) -> Decision:
    if isinstance(scope, Seeds):
        assert given is not None
        return decide_seeds(scope, answer, given, "networks" if recipes_of(subject) else "draws")
    sampled = answers.measured.inputs == "SAMPLED"
    if n_networks(subject) == "many":
        found = decide_many(scope, answer)  # type: ignore[arg-type]
        if sampled and found.verdict == "HOLDS":
            found = replace(found, verdict="UNDECIDED", reason=ONLY_SAMPLED)
        return found
    found = "one" if getattr(answers.thing, "witness", None) is not None else None
    return decide_one(answer, n_networks(subject) or found, sampled)


def _controls(
    claim: Claim, look: Look, n_seeds: int, alternative: str, given: Maybe | None
) -> list[tuple[ControlResult, bool]]:
    """Every control's result, and whether condition and outcome come apart on it."""
    results = []
    for expected, controls in (("fail", claim.must_fail), ("hold", claim.must_hold)):
        for control in controls:
            results.append(_control(claim, control, expected, look, n_seeds, alternative, given))
    return results


def _control(
    claim: Claim, control: Control, expected: Any, look: Look, n_seeds: int, alternative: str, given: Maybe | None
) -> tuple[ControlResult, bool]:
    try:
        subject = control.mutate(claim.about)
        answers = ask(claim, subject, look, n_seeds)
        answer = answers.by_alternative[alternative]
        decision = quantify(claim.scope, subject, answers, answer, given)
        apart = answers.given is not None and come_apart(answers.given, answer)
        return ControlResult(control.name, expected, decision.verdict, decision.reason), apart
    except (Complaint, Impossible) as complaint:
        return ControlResult(control.name, expected, "FAILS", str(complaint)), False
    except BY_USERS as error:
        return ControlResult(control.name, expected, "ERROR", locate(error, claim)), False


def combine(decision: Decision, controls: Sequence[ControlResult]) -> tuple[VerdictName, str]:
    """The table of the module docstring."""
    verdict, reason = decision.verdict, decision.reason
    broken = next((c for c in controls if c.verdict == "ERROR"), None)
    if broken is not None and verdict == "HOLDS":
        return "ERROR", f"control {broken.name}: {broken.reason}"
    if verdict != "HOLDS":
        return verdict, reason  # type: ignore[return-value]
    must_fail = [c for c in controls if c.expected == "fail"]
    passed = next((c for c in must_fail if c.verdict == "HOLDS"), None)
    if passed is not None:
        return "VACUOUS", f"it holds for the control `{passed.name}` too ({passed.reason or 'which must fail'})"
    if not must_fail:
        return "UNCONTROLLED", f"{reason}; no control could have failed: give must_fail=[...]".lstrip("; ")
    unclear = next((c for c in controls if c.verdict == "UNDECIDED"), None)
    if unclear is not None:
        return "UNDECIDED", f"{reason}; but the control `{unclear.name}` is undecided: {unclear.reason}".lstrip("; ")
    noticed = next((c for c in controls if not c.as_expected), None)
    if noticed is not None:
        return "UNCONTROLLED", f"it changes under `{noticed.name}`, which should change nothing ({noticed.reason})"
    return "HOLDS", reason


def _finish(
    claim: Claim, answers: Answers, decision: Decision, controls: Sequence[ControlResult], answer: str | None
) -> Verdict:
    controls = [replace(control, claims=decision.verdict) for control in controls]
    verdict, reason = combine(decision, controls)
    reason = reason or getattr(answers.thing, "in_words", "")
    measured = answers.measured
    headline = _headline(claim, measured)
    comparison = agrees(claim.known, measured, decision, headline) if claim.known else None
    exhibits: tuple[Exhibit, ...] = ()
    if claim.exhibit is not None:
        try:
            exhibits = tuple(claim.exhibit(answers.thing, measured.numbers))
        except BY_USERS as error:
            reason = f"{reason}; no picture: {locate(error, claim)}".lstrip("; ")
    return Verdict(
        claim,
        verdict,
        reason,
        _with_headline(decision, summary(measured).get(headline or "")),
        measured.inputs,
        tuple(controls),
        comparison,
        _networks_from(answers.thing),
        summary(measured),
        exhibits,
        answer or None,
        _failed_seeds(claim.about, answers.thing),
        kept=getattr(answers.thing, "witness", None),
    )


def _headline(claim: Claim, measured: Measured) -> str | None:
    """The number shown as the claim's value: the one it names, or its only one; the share of networks for Seeds."""
    if claim.headline is not None and claim.headline not in measured.numbers:
        raise UnknownName("measured number (headline)", claim.headline, measured.numbers)
    if claim.headline is not None or isinstance(claim.scope, Seeds) or len(measured.numbers) != 1:
        return claim.headline
    return next(iter(measured.numbers))


def _with_headline(decision: Decision, value: Any) -> Decision:
    """The decision with a measured value (a number, or [lo, hi] of an enclosure), unless it has one of its own."""
    if decision.value is not None:
        return decision
    if isinstance(value, list) and None not in value:
        return replace(decision, value=(value[0] + value[1]) / 2, interval=(value[0], value[1]))
    return replace(decision, value=float(value)) if isinstance(value, bool | float) else decision


def _networks_from(thing: Any) -> str | None:
    """Where the networks came from; "zoo" if some of a Sweep did, because the verdict then rests on it."""
    if isinstance(thing, tuple):
        found = [_networks_from(part) for part in thing]
        return "zoo" if "zoo" in found else found[0]
    source = getattr(thing, "source", None) or getattr(thing, "provenance", None)
    model = getattr(thing, "model", None)
    if source is None and model is not None:
        return getattr(model, "provenance", "imported")
    return source if source in ("trained", "zoo", "constructed", "imported") else None


def _failed_seeds(subject: Subject, thing: Any) -> tuple[int, ...]:
    if not isinstance(subject, Trained | Sweep):
        return ()
    runs = thing if isinstance(thing, tuple) else (thing,)
    return tuple(sorted({int(s) for run in runs for s in run.ensemble.seeds[~alive_of(run, len(run.ensemble))]}))
