"""Run claims: register them, train what they need once, measure once, judge, remember.

The order of events for one `readoff check`:

    1. every claim's hash goes into the ledger, before any network that it judges is trained
    2. claims about tasks, constructions and certificates are judged first: first verdicts within seconds
    3. claims about trained networks follow, grouped so that each recipe is trained once and each measure taken once
    4. a stored verdict is used again if nothing it depends on has changed: the claim and its file, the weights of its
       networks, the number of seeds, and every file of readoff that it can reach

Networks come from a `Provider`, so the language of claims needs neither JAX nor a trainer. A claim that raises gets
ERROR and the others go on; after Ctrl-C what is done is kept.
"""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from readoff.claims.asking import Measure
from readoff.claims.claim import Claim, claim_text, controlled_recipes, shown_hash
from readoff.claims.dependencies import fingerprint
from readoff.claims.evidence import Measured, as_measured, pack, unpack
from readoff.claims.judging import error_verdict, evaluate
from readoff.claims.scope import Seeds, confirmation_seeds, unreachable
from readoff.claims.source import describe_function
from readoff.claims.subject import (
    Constructed,
    Given,
    Mutated,
    OnTask,
    Process,
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
)
from readoff.claims.verdict import BAD, Verdict
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


class Progress(Protocol):
    """Told what happens; the command line shows it on stderr."""

    def started(self, total: int) -> None: ...
    def working(self, claim_id: str) -> None: ...
    def found(self, record: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Checked:
    """What a run of claims gave. `records` are in the order of the claims; interrupted ones are missing."""

    records: tuple[dict[str, Any], ...]
    seconds: float
    n_seeds: int
    interrupted: bool = False

    def exit_code(self, strict: bool = False) -> int:
        """0 fine, 1 a claim did not come out, 130 interrupted (2, usage, is the command line's)."""
        if self.interrupted:
            return 130
        wrong = (*BAD, "UNDECIDED") if strict else BAD
        return int(any(record["verdict"] in wrong for record in self.records))


@dataclass
class _Session:
    """Runs and measures that have been made so far. Lives as long as one `check`."""

    provider: Provider | None
    store: Store | None
    seeds: Sequence[int]
    runs: dict[str, Run] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    measured: dict[tuple[str, str], Measured] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, tuple[str, str]] = field(default_factory=dict)  # what was registered, what is shown


def check(
    claims: Sequence[Claim],
    provider: Provider | None = None,
    store: Store | None = None,
    n_seeds: int = 64,
    progress: Progress | None = None,
    reuse: bool = True,
    seeds: Sequence[int] | None = None,
) -> Checked:
    """Judge claims. `seeds` defaults to 0..n_seeds-1; exploration seeds may be given, and are then never stored."""
    began = time.perf_counter()
    _refuse_doubles(claims)
    exploring = seeds is not None
    session = _Session(
        provider, None if exploring else store, seeds if seeds is not None else confirmation_seeds(n_seeds)
    )
    order = sorted(range(len(claims)), key=lambda i: (_cost(claims[i]), [r.id for r in recipes_of(claims[i].about)], i))
    if session.store is not None:
        _register(session.store, claims, session)
    if progress:
        progress.started(len(claims))
    records: dict[int, dict[str, Any]] = {}
    used: list[str] = []
    interrupted = False
    prefetched = False
    try:
        for i in order:
            if progress:
                progress.working(claims[i].id)
            if not prefetched and controlled_recipes(claims[i]):
                _prefetch([claims[j] for j in order if j not in records], session, reuse)
                prefetched = True
            records[i], key = _one(claims[i], session, reuse)
            if records[i]["reused"]:
                used.append(key)
            if progress:
                progress.found(records[i])
    except KeyboardInterrupt:
        interrupted = True
    if session.store is not None:
        verdicts.touch(session.store, used)
    done = tuple(records[i] for i in sorted(records))
    return Checked(done, time.perf_counter() - began, len(session.seeds), interrupted)


def error_rate(claims: Sequence[Claim]) -> str:
    """What the confidence levels of all claims together allow: stated, not hidden behind each one's own."""
    alphas = [1 - claim.scope.confidence for claim in claims if isinstance(claim.scope, Seeds)]
    if not alphas:
        return "no statistical claims"
    return (
        f"{len(alphas)} statistical claims; if every one of them were false, at most {sum(alphas):.3g} would be "
        "expected to HOLD by chance, before controls"
    )


def _one(claim: Claim, session: _Session, reuse: bool) -> tuple[dict[str, Any], str]:
    """The record of one claim, stored or new, and its key."""
    began = time.perf_counter()
    n = len(session.seeds)
    try:
        refusal = unreachable(claim.scope, n) if isinstance(claim.scope, Seeds) else None
        if refusal:
            raise BadValue(refusal)
        key = _key(claim, session)
        if key is not None and reuse and session.store is not None:
            stored = verdicts.load(session.store, key)
            if stored is not None:
                return {**stored, "reused": True, "seconds": round(time.perf_counter() - began, 3)}, key
        _obtain(claim, session)
        verdict = evaluate(claim, lambda subject, measure: _look(subject, measure, session), n)
        key = _key(claim, session)
    except StoreError:
        raise
    except Exception as error:
        verdict, key = error_verdict(claim, error), None
    record = _record(verdict, session, time.perf_counter() - began)
    if session.store is not None:
        found = [exhibit.to_json() for exhibit in verdict.exhibits]
        again = key if key is not None and verdict.verdict != "ERROR" else f"not used again: {claim.id}"
        verdicts.save(session.store, again, record, found)
    return record, key or ""


def _record(verdict: Verdict, session: _Session, seconds: float) -> dict[str, Any]:
    record = verdict.with_seconds(seconds).record()
    recipes = recipes_of(verdict.claim.about)
    if session.store is not None and recipes and record["networks_from"] != "zoo":
        stated = verdicts.registered(session.store, session.hashes[verdict.claim.id][0])
        trained = [session.store.trained_since(recipe.id, session.seeds) for recipe in recipes]
        ticks = [tick for tick in trained if tick is not None]
        if stated is not None and ticks:
            record["registered"] = "before" if stated < min(ticks) else "after"
    return record


def _obtain(claim: Claim, session: _Session) -> None:
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


def _prefetch(claims: Sequence[Claim], session: _Session, reuse: bool) -> None:
    """All networks that these claims still need, in one request: recipes of one program share a worker's compilation.

    A recipe that cannot be trained is reported by the claims that need it, not here.
    """
    wanted: dict[str, Any] = {}
    for claim in claims:
        with contextlib.suppress(ReadoffError, ValueError):
            key = _key(claim, session) if reuse else None
            if key is None or session.store is None or verdicts.load(session.store, key) is None:
                wanted |= {r.id: r for r in controlled_recipes(claim) if r.id not in session.runs}
    if session.provider is None or not wanted:
        return
    with contextlib.suppress(ReadoffError):
        runs = session.provider.obtain(list(wanted.values()), session.seeds)
        for run in runs:
            if list(run.ensemble.seeds) == list(session.seeds):
                session.runs[run.recipe.id] = run


def _build(subject: Subject, session: _Session) -> Any:
    """Build a subject once per session."""
    described = canonical_json(describe(subject))
    if described not in session.things:
        session.things[described] = build(subject, session.runs)
    return session.things[described]


def _look(subject: Subject, measure: Measure, session: _Session) -> tuple[Any, Measured]:
    """A subject and its numbers: each measured once per session, trained networks once per store."""
    thing = build(subject, session.runs) if isinstance(subject, Mutated) else _build(subject, session)
    checker = checker_of(subject)
    if checker is not None:
        refuse_complaints(checker, thing)
    key = (canonical_json(describe(subject)), content_id(describe_function(measure), 64))
    if key not in session.measured:
        session.measured[key] = _measure(subject, thing, measure, key, session)
    return thing, session.measured[key]


def _measure(subject: Subject, thing: Any, measure: Measure, key: tuple[str, str], session: _Session) -> Measured:
    identities = [_identity(recipe, session) for recipe in recipes_of(subject)]
    if session.store is None or not identities or None in identities:
        return as_measured(measure(thing))
    stored_key = content_id([*key, identities, list(session.seeds), fingerprint([measure])], 64)
    stored = verdicts.load_measure(session.store, stored_key)
    if stored is not None:
        return unpack(stored)
    measured = as_measured(measure(thing))
    verdicts.save_measure(session.store, stored_key, pack(measured))
    return measured


def _identity(recipe: Any, session: _Session) -> str | None:
    """A hash of the networks of a recipe, asked for once per session; None while they do not exist."""
    if recipe.id not in session.identities and session.provider is not None:
        found = session.provider.identity(recipe, session.seeds)
        if found is not None:
            session.identities[recipe.id] = found
    return session.identities.get(recipe.id)


def _key(claim: Claim, session: _Session) -> str | None:
    """The key under which a verdict is stored; None while its networks do not exist, or if they have no identity."""
    if session.store is None:
        return None
    parts: list[Any] = [session.hashes[claim.id][1], list(session.seeds)]
    for recipe in controlled_recipes(claim):
        found = _identity(recipe, session)
        if found is None:
            return None
        parts.append(found)
    if not isinstance(claim.about, Trained | Sweep | OnTask):
        found = identity(_build(claim.about, session))
        if found is None:
            return None
        parts.append(found)
    return content_id(parts, 64)


def _register(store: Store, claims: Sequence[Claim], session: _Session) -> None:
    stated = []
    for claim in claims:
        text = claim_text(claim, len(session.seeds))
        session.hashes[claim.id] = content_id(text, 64), shown_hash(claim, text)
        stated.append((session.hashes[claim.id][0], claim.id, canonical_json(text)))
    verdicts.register(store, stated)


def _cost(claim: Claim) -> int:
    """Cheap and exact first; then by how many recipes must be trained."""
    recipes = controlled_recipes(claim)
    if recipes:
        return 10 + len(recipes)
    return {OnTask: 0, Process: 1, Constructed: 1, Given: 1}.get(type(claim.about), 2)


def _refuse_doubles(claims: Sequence[Claim]) -> None:
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise BadValue(f"two claims are called {claim.id}; give every claim an id of its own.")
        seen.add(claim.id)


def _short(seeds: Sequence[int]) -> str:
    listed = ", ".join(str(int(seed)) for seed in list(seeds)[:4])
    return f"{listed}, ... ({len(seeds)})" if len(seeds) > 4 else listed
