"""What a claim says is needed, beside the smallest place where a network was found.

A claim's class can be read where it names networks of one size: a question about so many heads (`heads_claim`), a class
that a proof rules out (by the networks trained inside it), an ensemble of one recipe, or a network written by hand.
A claim about a sweep, a task or another object names no one size, and nothing is compared then.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from readoff.claims.claim import Claim
from readoff.claims.scope import EveryNetwork
from readoff.claims.subject import Constructed, Trained
from readoff.networks.architecture import AnyArchitecture
from readoff.studies.heads_claim import Question
from readoff.studies.places import ANY, Place, place_of
from readoff.studies.rival import Finding


def beside(claim: Claim, findings: Sequence[Finding]) -> dict[str, Any]:
    """JSON-able: the claim, its class in words (or None), the smallest places with a certified network, and one line.

    beaten   true if a smaller network than the claim's does the task (of a class that is ruled out: a network inside
             it), false if none was found, null where nothing can be compared
    """
    places = _smallest(findings)
    beaten, words, line = _compared(claim, places)
    return {
        "id": claim.id,
        "class": words,
        "smallest": [str(p) for p in places],
        "beaten": beaten,
        "line": f"{claim.id} {line}",
    }


def _compared(claim: Claim, places: list[Place]) -> tuple[bool | None, str | None, str]:
    """(beaten, the claim's class, what to say after the claim's id)."""
    where = "; ".join(map(str, places))
    if isinstance(claim.scope, EveryNetwork):
        return _ruled_out(claim.scope, places, where)
    asked = place_of_claim(claim)
    if asked is None:
        return None, None, "names no one size of networks, so there is nothing to compare with what was found."
    says = f"is about {asked}"
    if not places:
        return None, str(asked), f"{says}; no network was found at the places walked, which proves nothing."
    smaller = [str(place) for place in places if asked.contains(place) and place != asked]
    if smaller:
        return True, str(asked), f"{says}; less is enough: {'; '.join(smaller)}."
    if any(place == asked for place in places):
        return False, str(asked), f"{says}; a network was found there, and none at a smaller place that it contains."
    return False, str(asked), f"{says}; no network was found at that size or below it; the smallest: {where}."


def _ruled_out(scope: EveryNetwork, places: list[Place], where: str) -> tuple[bool | None, str | None, str]:
    says = f"rules out {scope.cls}"
    attack = _of_recipe(scope.attack.recipe) if isinstance(scope.attack, Trained) else None
    if not places:
        return None, scope.cls, f"{says}; no network was found at the places walked either."
    if attack is None:
        return None, scope.cls, f"{says}; the smallest place with a network: {where}."
    inside = [str(place) for place in places if attack.contains(place)]
    if inside:
        return True, scope.cls, f"{says}; but a network was found inside it: {'; '.join(inside)}."
    named = "any d_head" in scope.cls or f"d_head {attack.d_head}" in scope.cls
    largest = replace(attack, d_head=attack.d_head if named and "any d_head" not in scope.cls else ANY)
    if not any(largest.contains(place) for place in places):
        return False, scope.cls, f"{says}; networks were found outside of it only: {where}."
    return None, scope.cls, f"{says}; the smallest places with a network, to be compared with these words: {where}."


def place_of_claim(claim: Claim) -> Place | None:
    """The one class of networks that a claim is about; None if it names none."""
    build = getattr(claim.about, "build", None)
    if isinstance(build, Question):
        return build.asked
    if isinstance(claim.about, Trained):
        return _of_recipe(claim.about.recipe)
    if isinstance(claim.about, Constructed):
        return place_of(claim.about.build().architecture)
    return None


def _of_recipe(recipe: Any) -> Place | None:
    architecture = getattr(recipe, "architecture", None)
    return place_of(architecture) if isinstance(architecture, AnyArchitecture) else None


def _smallest(findings: Sequence[Finding]) -> list[Place]:
    """The places with a certified network that contain no other such place, from small to large."""
    possible = sorted({f.place for f in findings if f.verdict == "possible"})
    return [p for p in possible if not any(p != q and p.contains(q) for q in possible)]
