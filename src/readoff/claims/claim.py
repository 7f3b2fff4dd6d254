"""A claim: what we assert, about what, how far, and what must not pass.

    from readoff.claims import OnTask, EveryInput, claim, enumerated
    from readoff.tasks import Pairs

    def labels(task):                                            # measure: subject -> named numbers
        domain = task.domain()
        return enumerated(majority=max(domain.probabilities[domain.labels == y].sum() for y in range(10)))

    @claim("mine/majority", says="Guessing is right one time in eight.", about=OnTask(Pairs()),
           scope=EveryInput(), measure=labels)
    def majority(n):                                             # judge: numbers -> True or False
        return abs(n["majority"] - 1 / 8) < 1e-12

The decorated function is the judge; `majority` is then a `Claim`, and `readoff check my_claims.py` finds it by its
type. The measure is a separate function because claims share measures. For `Seeds`, numbers are arrays with one entry
per network, and the judge answers with one boolean per network (use `&`, `|`, `~`).

An open question names its mutually exclusive answers beforehand, and its judge gives one answer to each of them:

    @claim(..., open=True, alternatives=("higher wins", "no order"))
    def q(n):
        return {"higher wins": n["agreement"] > 0.9, "no order": n["agreement"] < 0.6}
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from readoff.claims.control import Control, default_controls, default_invariances
from readoff.claims.identity import describe
from readoff.claims.known import Known
from readoff.claims.loading import ANYWHERE, World
from readoff.claims.scope import EveryNetwork, Scope, Seeds
from readoff.claims.source import describe_function
from readoff.claims.standing import RELATIONS, Relation
from readoff.claims.subject import Certified, Process, Subject, Sweep, Trained, recipes_of, sample_size
from readoff.core.errors import BadValue, ReadoffError, UnknownName

ID = re.compile(r"[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*)+")


@dataclass(frozen=True)
class Lemma:
    """A theorem that a certificate rests on: named, in words, with its source."""

    name: str
    text: str
    source: str


@dataclass(frozen=True, eq=False)
class Claim:
    """Made by the decorator `claim`; see there."""

    id: str
    says: str
    about: Subject
    scope: Scope
    measure: Callable[[Any], Any]
    judge: Callable[[Any], Any]
    statement: str | None
    relation: Relation | None
    must_fail: tuple[Control, ...]
    must_hold: tuple[Control, ...]
    known: Known | None
    headline: str | None
    alternatives: tuple[str, ...]
    assumes: tuple[Lemma, ...]
    exhibit: Callable[[Any, Any], Sequence[Any]] | None
    world: World = ANYWHERE

    @property
    def open(self) -> bool:
        return bool(self.alternatives)

    @property
    def study(self) -> str:
        return self.id.split("/", 1)[0]


def claim(
    id: str,
    *,
    says: str,
    about: Subject,
    scope: Scope,
    measure: Callable[[Any], Any] | None = None,
    statement: str | None = None,
    relation: Relation | None = None,
    must_fail: Sequence[Control] | None = None,
    must_hold: Sequence[Control] | None = None,
    known: Known | None = None,
    headline: str | None = None,
    open: bool = False,
    alternatives: Sequence[str] = (),
    assumes: Sequence[Lemma] = (),
    exhibit: Callable[[Any, Any], Sequence[Any]] | None = None,
) -> Callable[[Callable[[Any], Any]], Claim]:
    """Turn a judge into a `Claim`.

    `must_fail` and `must_hold` default to the controls of the subject's kind; an empty list means none, and then the
    claim is UNCONTROLLED. `headline` names the number shown as the claim's value (for `Seeds` it is the share).
    `known` is compared after the verdict. `exhibit(material, numbers)` gives pictures for the report. The measure of a
    `Certified` subject gets the certificate that the checker has accepted: let it compute its numbers from what was
    checked, and not copy a field that nobody looked at. Raises `BadValue` for what cannot be right.
    """
    _refuse_misfits(id, says, about, scope, statement, relation, open, alternatives)
    if measure is None:
        raise BadValue(f"claim {id}: name its measure, a function from the subject to numbers (measure=...).")

    def build(judge: Callable[[Any], Any]) -> Claim:
        return Claim(
            id,
            " ".join(says.split()),
            about,
            scope,
            measure,
            judge,
            statement,
            relation,
            tuple(default_controls(about) if must_fail is None else must_fail),
            tuple(default_invariances(about) if must_hold is None else must_hold),
            known,
            headline,
            tuple(alternatives),
            tuple(assumes),
            exhibit,
        )

    return build


def controlled_recipes(claim: Claim) -> tuple[Any, ...]:
    """Every recipe that must be trained for a claim and its controls, each once, the claim's own first."""
    subjects = [claim.about]
    if isinstance(claim.scope, EveryNetwork):
        subjects += [s for s in (claim.scope.relaxation, claim.scope.attack) if s is not None]
    for control in (*claim.must_fail, *claim.must_hold):
        try:
            subjects.append(control.mutate(claim.about))
        except ReadoffError:
            pass  # a control that does not fit is reported when it is judged
    found = {recipe.id: recipe for subject in subjects for recipe in recipes_of(subject)}
    return tuple(found.values())


def functions_of(claim: Claim) -> tuple[Callable[..., Any], ...]:
    """Every function that a verdict on the claim may call."""
    found: list[Any] = [claim.judge, claim.measure, claim.exhibit, getattr(claim.scope, "given", None)]
    subjects = [claim.about, getattr(claim.scope, "relaxation", None), getattr(claim.scope, "attack", None)]
    found += [getattr(subject, name, None) for subject in subjects for name in ("build", "check")]
    found += [control.mutate for control in (*claim.must_fail, *claim.must_hold)]
    return tuple(function for function in found if function is not None)


def claim_text(claim: Claim, n_seeds: int) -> dict[str, Any]:
    """The canonical description of a claim that is registered before its networks are trained (see `source`)."""
    scope: dict[str, Any] = {"kind": type(claim.scope).__name__}
    if isinstance(claim.scope, Seeds):
        given = claim.scope.given
        scope |= {"at_least": claim.scope.at_least, "confidence": claim.scope.confidence}
        scope |= {"n": sample_size(claim.about, n_seeds)}
        scope |= {"given": describe_function(given) if given else None}
    if isinstance(claim.scope, EveryNetwork):
        for name in ("relaxation", "attack"):
            subject = getattr(claim.scope, name)
            scope[name] = describe(subject) if subject is not None else None
        scope["class"] = claim.scope.cls
    return {
        "id": claim.id,
        "about": describe(claim.about),
        "scope": scope,
        "measure": describe_function(claim.measure),
        "judge": describe_function(claim.judge),
        "alternatives": list(claim.alternatives),
        "must_fail": [_describe_control(c) for c in claim.must_fail],
        "must_hold": [_describe_control(c) for c in claim.must_hold],
    }


def _describe_control(control: Control) -> Any:
    return {"name": control.name, "mutate": describe_function(control.mutate)}


def _refuse_misfits(
    id: str, says: str, about: Any, scope: Any, statement: Any, relation: Any, open: bool, alternatives: Any
) -> None:
    if not ID.fullmatch(id):
        raise BadValue(
            f"claim id {id!r}: write study/name in small letters, digits, dots and dashes, as 'mine/heads-differ'."
        )
    if not says.strip():
        raise BadValue(f"claim {id}: `says` is empty; write the claim as a sentence.")
    strange = [c for c in says if unicodedata.category(c) in ("Cs", "Cc") and not c.isspace()]
    if strange:
        raise BadValue(f"claim {id}: `says` holds a character that is no text: {strange[0]!a}. Take it out.")
    if not isinstance(about, get_args(Subject)):
        raise BadValue(
            f"claim {id}: `about` is a {type(about).__name__}; wrap it: Trained(recipe), OnTask(task), "
            "Constructed(build, name) or Certified(build, check)."
        )
    if not isinstance(scope, get_args(Scope)):
        raise BadValue(f"claim {id}: `scope` is {scope!r}; expected {', '.join(s.__name__ for s in get_args(Scope))}.")
    drawn = isinstance(about, Process) and about.draws is not None
    if isinstance(scope, Seeds) and not isinstance(about, Trained | Sweep) and not drawn:
        raise BadValue(
            f"claim {id}: Seeds speaks of trained networks or independent draws; `about` must be Trained(recipe), "
            "Sweep(recipes) or Process(build, name, draws=n)."
        )
    if isinstance(scope, EveryNetwork) != isinstance(about, Certified) and isinstance(scope, EveryNetwork):
        raise BadValue(f"claim {id}: EveryNetwork needs a proof; `about` must be Certified(build, check).")
    attack = scope.attack if isinstance(scope, EveryNetwork) else None
    steps = [getattr(recipe, "steps", 0) for recipe in recipes_of(attack)] if attack is not None else [1]
    if not steps or min(steps) < 1:
        raise BadValue(
            f"claim {id}: the attack is {type(attack).__name__} with {steps[0] if steps else 'no'} training steps; an "
            "attack is networks that were trained inside the class: Trained(recipe) or Sweep(recipes), steps >= 1."
        )
    if relation is not None and relation not in RELATIONS:
        raise UnknownName(f"relation (claim {id})", relation, RELATIONS)
    if (relation is None) != (statement is None):
        raise BadValue(f"claim {id}: give `statement` and `relation` together, or neither.")
    if open != (len(alternatives) > 0) or len(alternatives) == 1 or len(set(alternatives)) != len(alternatives):
        raise BadValue(f"claim {id}: an open question needs open=True and at least two different alternatives.")
