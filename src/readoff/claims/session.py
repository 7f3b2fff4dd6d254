"""What one run of claims has gathered so far: networks, built things, numbers, and the keys of stored verdicts.

    session = Session(provider, store, seeds=range(64))
    register(session, claims)           hashes go into the ledger, before anything is trained
    prefetch(session, claims)           all missing networks in one request
    look(session, subject, measure)     the thing and its numbers, each made once

Within a run numbers are shared by the functions themselves, never by what they look like. Across runs they, and
verdicts, are used again under a key made of exact descriptions only: the claim with all that its functions name, the
bytes of the files that its file has loaded, the seeds, and the networks or the thing that it is about. Whatever has no
exact description has no key, and is made again. The files that were read while measuring and judging are stored beside
the result, and compared before it is used.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from readoff.claims.asking import Measure
from readoff.claims.claim import Claim, claim_text, controlled_recipes, functions_of
from readoff.claims.dependencies import bytes_of, fingerprint, stamps, unchanged
from readoff.claims.evidence import Measured, as_measured, pack, unpack
from readoff.claims.identity import describe, function_key, same
from readoff.claims.loading import World
from readoff.claims.scope import Seeds, is_exploration, unreachable
from readoff.claims.source import describe_function, is_exact
from readoff.claims.subject import (
    Mutated,
    OnTask,
    Run,
    Subject,
    Sweep,
    Trained,
    build,
    checker_of,
    recipes_of,
    refuse_complaints,
    sample_size,
)
from readoff.core.canonical import canonical_json, content_id, plain
from readoff.core.errors import BY_USERS, BadValue, ReadoffError
from readoff.core.exact import exact
from readoff.store import Store, StoreError, verdicts


class Provider(Protocol):
    """Where trained networks come from: a trainer with a store, a zoo, or ready ones in a test."""

    def identity(self, recipe: Any, seeds: Sequence[int]) -> str | None:
        """A hash of these networks if they exist already; None if they must be trained."""
        ...

    def obtain(self, recipes: Sequence[Any], seeds: Sequence[int]) -> Sequence[Run]:
        """The networks of each recipe, exactly these seeds in this order."""
        ...


@dataclass(frozen=True)
class Stated:
    """A claim as text: `hash` is registered, `whatever_n` is the same without the number of networks.

    `shown`: hash of all that a stored verdict shows, None if a part of it has no exact description.
    """

    hash: str
    whatever_n: str
    shown: str | None


@dataclass
class Session:
    """Runs and measures that have been made so far. Lives as long as one `check`.

    `reuse`: whether stored verdicts and measures may be used again (trained networks always are).
    `problem` is why the store cannot be written any more; the run goes on without it.
    """

    provider: Provider | None
    store: Store | None
    seeds: Sequence[int]
    reuse: bool = True
    runs: dict[str, Run] = field(default_factory=dict)
    things: dict[Any, Any] = field(default_factory=dict)
    measured: dict[Any, Measured] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    stated: dict[str, Stated] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)  # subjects and measures, so that an id stays that of its object
    problem: str = ""

    @property
    def exploring(self) -> bool:
        return is_exploration(self.seeds)

    def write(self, save: Any) -> None:
        """Call `save(store)` unless the store could not be written before; what goes wrong is kept, not raised."""
        if self.store is None or self.problem:
            return
        try:
            save(self.store)
        except StoreError as error:
            self.problem = str(error)


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


def prefetch(session: Session, claims: Sequence[Claim]) -> None:
    """All networks that these claims still need, in one request: recipes of one program share a worker's compilation.

    A recipe that cannot be trained is reported by the claims that need it, not here.
    """
    wanted: dict[str, Any] = {}
    for claim in claims:
        if refusal(session, claim):
            continue
        with contextlib.suppress(*BY_USERS), claim.world.entered(watch=False):
            if stored(session, claim) is None:
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


def stored(session: Session, claim: Claim) -> dict[str, Any] | None:
    """The stored record of an unchanged claim, if all files that were read for it are what they were."""
    key = key_of(session, claim) if session.reuse else None
    record = verdicts.load(session.store, key) if key is not None and session.store is not None else None
    if record is None or not unchanged(record.get("files", {}), claim.world.folder):
        return None
    return {**record, "key": key}


def _thing(session: Session, subject: Subject) -> Any:
    """Build a subject: once per session, except for what a control changes."""
    if isinstance(subject, Mutated):
        return build(subject, session.runs, lambda base: _thing(session, base))
    key = same(subject)
    if key not in session.things:
        session.kept.append(subject)
        session.things[key] = build(subject, session.runs)
    return session.things[key]


def look(session: Session, subject: Subject, measure: Measure, world: World) -> tuple[Any, Measured]:
    """A subject and its numbers: each measured once per session, trained networks once per store."""
    thing = _thing(session, subject)
    checker = checker_of(subject)
    if checker is not None:
        refuse_complaints(checker, thing)
    key = same(subject), function_key(measure)
    if key not in session.measured:
        session.kept += [subject, measure]
        session.measured[key] = _measure(session, subject, thing, measure, world)
    return thing, session.measured[key]


def _measure(session: Session, subject: Subject, thing: Any, measure: Measure, world: World) -> Measured:
    key = _measure_key(session, subject, measure, world) if session.store is not None else None
    if key is None or session.store is None:
        return as_measured(measure(thing))
    stored = verdicts.load_measure(session.store, key) if session.reuse else None
    if stored is not None and unchanged(stored[1], world.folder):
        world.late |= {(world.folder or Path()) / name for name in stored[1]}
        return unpack(stored[0])
    measured = as_measured(measure(thing))
    read = stamps(world.read_so_far(), world.folder)
    session.write(lambda store: verdicts.save_measure(store, key, pack(measured), read))
    return measured


def _measure_key(session: Session, subject: Subject, measure: Measure, world: World) -> str | None:
    identities = [_identity(session, recipe) for recipe in recipes_of(subject)]
    if not identities or None in identities:
        return None
    text = [describe(subject), describe_function(measure)]
    files = fingerprint({*world.loaded, *exact(measure).files}, world.folder)
    return content_id([text, identities, list(session.seeds), files], 64) if is_exact(text) else None


def _identity(session: Session, recipe: Any) -> str | None:
    """A hash of the networks of a recipe, asked for once per session; None while they do not exist."""
    if recipe.id not in session.identities and session.provider is not None:
        found = session.provider.identity(recipe, session.seeds)
        if found is not None:
            session.identities[recipe.id] = found
    return session.identities.get(recipe.id)


def key_of(session: Session, claim: Claim) -> str | None:
    """The key under which a verdict is stored; None while its networks do not exist, or if something is not exact.

    Made once: what it rests on does not change within a session, once it exists.
    """
    if claim.id not in session.keys:
        found = _key_of(session, claim)
        if found is None:
            return None
        session.keys[claim.id] = found
    return session.keys[claim.id]


def _key_of(session: Session, claim: Claim) -> str | None:
    stated = session.stated.get(claim.id)
    if session.store is None or stated is None or stated.shown is None:
        return None
    parts: list[Any] = [stated.shown, list(session.seeds)]
    for recipe in controlled_recipes(claim):
        found = _identity(session, recipe)
        if found is None:
            return None
        parts.append(found)
    if not isinstance(claim.about, Trained | Sweep | OnTask):
        found = exact(_thing(session, claim.about)).digest
        if found is None:
            return None
        parts.append(found)
    return content_id(parts, 64)


def register(session: Session, claims: Sequence[Claim]) -> None:
    """Put the hash and text of every claim into the ledger, unless they are there already."""
    if session.store is None or session.exploring:
        return
    rows = []
    for claim in claims:
        try:
            with claim.world.entered(watch=False):
                session.stated[claim.id], row = state(claim, len(session.seeds))
        except BY_USERS:
            continue  # it has no description: the claim is judged, and nothing is used again
        rows += row
    session.write(lambda store: verdicts.register(store, rows))


def state(claim: Claim, n_seeds: int) -> tuple[Stated, list[tuple[str, str, str]]]:
    """What a claim states, and the row (hash, id, text) to register; no row if it has no exact description."""
    files = bytes_of(claim.world.loaded, claim.world.folder)
    text = {**claim_text(claim, n_seeds), "files": files}
    whatever_n = {**text, "scope": {**text["scope"], "n": None}}
    hashes = content_id(text, 64), content_id(whatever_n, 64)
    if not is_exact(text):
        return Stated(*hashes, None), []
    words = [claim.says, claim.statement, claim.relation, claim.headline, plain(claim.known), plain(claim.assumes)]
    pictures = describe_function(claim.exhibit) if claim.exhibit else None
    reachable = fingerprint({*claim.world.loaded, *exact(functions_of(claim)).files}, claim.world.folder)
    shown = [text, words, pictures, reachable]
    return Stated(*hashes, content_id(shown, 64) if is_exact(shown) else None), [
        (hashes[0], claim.id, canonical_json(text))
    ]


def _short(seeds: Sequence[int]) -> str:
    listed = ", ".join(str(int(seed)) for seed in list(seeds)[:4])
    return f"{listed}, ... ({len(seeds)})" if len(seeds) > 4 else listed
