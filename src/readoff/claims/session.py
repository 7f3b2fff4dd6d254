"""What one run of claims has gathered so far: networks, built things, numbers, and the keys of stored verdicts.

    session = Session(provider, store, seeds=range(64))
    register(session, claims)           hashes go into the ledger, before anything is trained
    prefetch(session, claims)           all missing networks in one request
    look(session, subject, measure)     the thing and its numbers, each made once

A verdict's key is made of the claim and all files that it can reach, the seeds, and the identities of its networks or
of the thing it is about; there is no key while one of these is missing, and then nothing is used again.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from readoff.claims.asking import Measure
from readoff.claims.claim import Claim, claim_text, controlled_recipes, shown_hash
from readoff.claims.dependencies import fingerprint
from readoff.claims.evidence import Measured, as_measured, pack, unpack
from readoff.claims.scope import Seeds, unreachable
from readoff.claims.source import describe_function
from readoff.claims.subject import (
    Mutated,
    OnTask,
    Run,
    Subject,
    Sweep,
    Trained,
    build,
    checker_of,
    describe,
    identity,
    recipes_of,
    refuse_complaints,
    sample_size,
)
from readoff.core.canonical import canonical_json, content_id
from readoff.core.errors import BadValue, ReadoffError
from readoff.store import Store, StoreError, verdicts


class Provider(Protocol):
    """Where trained networks come from: a trainer with a store, a zoo, or ready ones in a test."""

    def identity(self, recipe: Any, seeds: Sequence[int]) -> str | None:
        """A hash of these networks if they exist already; None if they must be trained."""
        ...

    def obtain(self, recipes: Sequence[Any], seeds: Sequence[int]) -> Sequence[Run]:
        """The networks of each recipe, exactly these seeds in this order."""
        ...


@dataclass
class Session:
    """Runs and measures that have been made so far. Lives as long as one `check`."""

    provider: Provider | None
    store: Store | None
    seeds: Sequence[int]
    runs: dict[str, Run] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    measured: dict[tuple[str, str], Measured] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, tuple[str, str]] = field(default_factory=dict)  # what was registered, what is shown


def refusal(session: Session, claim: Claim) -> str | None:
    """Why the declared number of networks cannot show the claim; None if it can."""
    if not isinstance(claim.scope, Seeds):
        return None
    return unreachable(claim.scope, sample_size(claim.about, len(session.seeds)))


def obtain(session: Session, claim: Claim) -> None:
    """Get the networks of a claim and its controls, in one request so that programs can be shared."""
    missing = [recipe for recipe in controlled_recipes(claim) if recipe.id not in session.runs]
    if not missing:
        return
    if session.provider is None:
        raise BadValue(f"claim {claim.id} needs trained networks, and there is no trainer or zoo to give them.")
    for recipe, run in zip(missing, session.provider.obtain(missing, session.seeds), strict=True):
        if list(run.ensemble.seeds) != list(session.seeds):
            given = _short(run.ensemble.seeds.tolist())
            raise BadValue(
                f"the networks of {recipe.id} have seeds {given}, not {_short(session.seeds)}: judged networks are all "
                "of the declared ones, never a selection."
            )
        session.runs[recipe.id] = run


def prefetch(session: Session, claims: Sequence[Claim], reuse: bool) -> None:
    """All networks that these claims still need, in one request: recipes of one program share a worker's compilation.

    A recipe that cannot be trained is reported by the claims that need it, not here.
    """
    wanted: dict[str, Any] = {}
    for claim in claims:
        if refusal(session, claim):
            continue
        with contextlib.suppress(ReadoffError, ValueError):
            key = key_of(session, claim) if reuse else None
            if key is None or session.store is None or verdicts.load(session.store, key) is None:
                wanted |= {r.id: r for r in controlled_recipes(claim) if r.id not in session.runs}
    if session.provider is None or not wanted:
        return
    try:
        runs = session.provider.obtain(list(wanted.values()), session.seeds)
    except StoreError:
        raise
    except ReadoffError:
        return
    session.runs |= {run.recipe.id: run for run in runs if list(run.ensemble.seeds) == list(session.seeds)}


def _thing(session: Session, subject: Subject) -> Any:
    """Build a subject once per session."""
    described = canonical_json(describe(subject))
    if described not in session.things:
        session.things[described] = build(subject, session.runs)
    return session.things[described]


def look(session: Session, subject: Subject, measure: Measure) -> tuple[Any, Measured]:
    """A subject and its numbers: each measured once per session, trained networks once per store."""
    thing = build(subject, session.runs) if isinstance(subject, Mutated) else _thing(session, subject)
    checker = checker_of(subject)
    if checker is not None:
        refuse_complaints(checker, thing)
    key = (canonical_json(describe(subject)), content_id(describe_function(measure), 64))
    if key not in session.measured:
        session.measured[key] = _measure(session, subject, thing, measure, key)
    return thing, session.measured[key]


def _measure(session: Session, subject: Subject, thing: Any, measure: Measure, key: tuple[str, str]) -> Measured:
    identities = [_identity(session, recipe) for recipe in recipes_of(subject)]
    if session.store is None or not identities or None in identities:
        return as_measured(measure(thing))
    stored_key = content_id([*key, identities, list(session.seeds), fingerprint([measure])], 64)
    stored = verdicts.load_measure(session.store, stored_key)
    if stored is not None:
        return unpack(stored)
    measured = as_measured(measure(thing))
    verdicts.save_measure(session.store, stored_key, pack(measured))
    return measured


def _identity(session: Session, recipe: Any) -> str | None:
    """A hash of the networks of a recipe, asked for once per session; None while they do not exist."""
    if recipe.id not in session.identities and session.provider is not None:
        found = session.provider.identity(recipe, session.seeds)
        if found is not None:
            session.identities[recipe.id] = found
    return session.identities.get(recipe.id)


def key_of(session: Session, claim: Claim) -> str | None:
    """The key under which a verdict is stored; None while its networks do not exist, or if they have no identity."""
    if session.store is None:
        return None
    parts: list[Any] = [session.hashes[claim.id][1], list(session.seeds)]
    for recipe in controlled_recipes(claim):
        found = _identity(session, recipe)
        if found is None:
            return None
        parts.append(found)
    if not isinstance(claim.about, Trained | Sweep | OnTask):
        found = identity(_thing(session, claim.about))
        if found is None:
            return None
        parts.append(found)
    return content_id(parts, 64)


def register(session: Session, claims: Sequence[Claim]) -> None:
    """Put the hash and text of every claim into the ledger, unless they are there already."""
    if session.store is None:
        return
    stated = []
    for claim in claims:
        text = claim_text(claim, len(session.seeds))
        session.hashes[claim.id] = content_id(text, 64), shown_hash(claim, text)
        stated.append((session.hashes[claim.id][0], claim.id, canonical_json(text)))
    verdicts.register(session.store, stated)


def _short(seeds: Sequence[int]) -> str:
    listed = ", ".join(str(int(seed)) for seed in list(seeds)[:4])
    return f"{listed}, ... ({len(seeds)})" if len(seeds) > 4 else listed
