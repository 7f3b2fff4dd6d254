"""Run claims: register them, train what they need once, measure once, judge, remember.

The order of events for one `readoff check`:

    1. every claim's hash goes into the ledger, before any network that it judges is trained
    2. claims about tasks, constructions and certificates are judged first: first verdicts within seconds
    3. claims about trained networks follow, grouped so that each recipe is trained once and each measure taken once
    4. a stored verdict is used again if nothing it depends on has changed: the claim and the files that it has read,
       the weights of its networks, the number of seeds, and every file of readoff that it can reach

Networks come from a `Provider`, so the language of claims needs neither JAX nor a trainer. A claim that raises gets
ERROR and the others go on; after Ctrl-C, or with a store that cannot be written, what is done is kept. On exploration
seeds (1,000,000 and up) everything runs the same, but nothing is a verdict and nothing is stored.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from readoff.claims.claim import Claim, controlled_recipes
from readoff.claims.dependencies import stamps
from readoff.claims.judging import error_verdict, evaluate
from readoff.claims.kept import keep
from readoff.claims.scope import Seeds, confirmation_seeds, declared_seeds
from readoff.claims.session import Provider, Session, key_of, look, obtain, prefetch, refusal, register, stored
from readoff.claims.subject import Constructed, Given, OnTask, Process, recipes_of
from readoff.claims.verdict import BAD, SETTLED, Verdict
from readoff.core.errors import BY_USERS, BadValue
from readoff.store import Store, StoreError, verdicts
from readoff.store.files import disk_error


class Progress(Protocol):
    """Told what happens; the command line shows it on stderr."""

    def started(self, total: int) -> None: ...
    def working(self, claim_id: str) -> None: ...
    def found(self, record: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Checked:
    """What a run of claims gave. `records` are in the order of the claims; those it did not come to are missing.

    `problem`: why the store could not be written, or training could not go on; "" if all went well.
    """

    records: tuple[dict[str, Any], ...]
    seconds: float
    n_seeds: int
    interrupted: bool = False
    problem: str = ""
    exploring: bool = False

    def exit_code(self, strict: bool = False) -> int:
        """0 fine, 1 a claim did not come out, 2 the store could not be written, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.problem:
            return 2
        wrong = (*BAD, "UNDECIDED") if strict else BAD
        return int(any(record["verdict"] in wrong for record in self.records))


def check(
    claims: Sequence[Claim],
    provider: Provider | None = None,
    store: Store | None = None,
    n_seeds: int = 64,
    progress: Progress | None = None,
    reuse: bool = True,
    seeds: Sequence[int] | None = None,
) -> Checked:
    """Judge claims on n_seeds judged seeds, or explore on `seeds` (`exploration_seeds(n)`), which stores nothing.

    BadValue: two claims of one id; seeds that are a selection.
    """
    began = time.perf_counter()
    _refuse_doubles(claims)
    chosen = confirmation_seeds(n_seeds) if seeds is None else declared_seeds(seeds)
    session = Session(provider, store, chosen, reuse)
    if session.exploring:
        session.store = None
    order = sorted(range(len(claims)), key=lambda i: (_cost(claims[i]), [r.id for r in recipes_of(claims[i].about)], i))
    register(session, claims)
    if progress:
        progress.started(len(claims))
    records: dict[int, dict[str, Any]] = {}
    used: list[str] = []
    interrupted, stopped = False, ""
    prefetched = False
    try:
        for i in order:
            if progress:
                progress.working(claims[i].id)
            if not prefetched and controlled_recipes(claims[i]):
                prefetch(session, [claims[j] for j in order if j not in records])
                prefetched = True
            records[i] = _one(claims[i], session)
            used += [records[i].pop("key")] if records[i]["reused"] else []
            if progress:
                progress.found(records[i])
    except KeyboardInterrupt:
        interrupted = True
    except StoreError as error:
        stopped = str(error)
    session.write(lambda store: verdicts.touch(store, used))
    done = tuple(records[i] for i in sorted(records))
    seconds = time.perf_counter() - began
    return Checked(done, seconds, len(session.seeds), interrupted, stopped or session.problem, session.exploring)


def error_rate(claims: Sequence[Claim]) -> str:
    """What the confidence levels of all claims together allow: stated, not hidden behind each one's own."""
    alphas = [1 - claim.scope.confidence for claim in claims if isinstance(claim.scope, Seeds)]
    if not alphas:
        return "no statistical claims"
    return (
        f"{len(alphas)} statistical claims; if every one of them were false, at most {sum(alphas):.3g} would be "
        "expected to HOLD by chance, before controls"
    )


def _one(claim: Claim, session: Session) -> dict[str, Any]:
    """The record of one claim, stored (with its key) or new."""
    began = time.perf_counter()
    try:
        if refused := refusal(session, claim):
            raise BadValue(refused)
        with claim.world.entered(watch=False):
            found = stored(session, claim)
        if found is not None:
            return {**found, "reused": True, "seconds": round(time.perf_counter() - began, 3)}
        with claim.world.entered(watch=False):
            obtain(session, claim)
            key = key_of(session, claim)
        with claim.world.entered():
            verdict = evaluate(claim, lambda s, measure: look(session, s, measure, claim.world), len(session.seeds))
    except StoreError:
        raise
    except BY_USERS as error:
        verdict, key = error_verdict(claim, error), None
    record = _record(verdict, session, time.perf_counter() - began)
    if verdict.kept is not None and session.store is not None:
        session.write(lambda store: _keep(store, claim, verdict.kept, record))
    exhibits = [exhibit.to_json() for exhibit in verdict.exhibits]
    again = key if key is not None and verdict.verdict != "ERROR" else f"not used again: {claim.id}"
    session.write(lambda store: verdicts.save(store, again, record, exhibits))
    return record


def _keep(store: Store, claim: Claim, found: Any, record: dict[str, Any]) -> None:
    """Write what a search has found beside the ledger, and say where."""
    folder = store.path / "found"
    try:
        file = keep(folder, claim.id.replace("/", "-"), found)
    except OSError as error:
        raise disk_error(error, folder) from error
    record["reason"] = f"{record['reason']} (kept: {file})".lstrip()


def _record(verdict: Verdict, session: Session, seconds: float) -> dict[str, Any]:
    claim = verdict.claim
    record = verdict.with_seconds(seconds).record()
    first = session.seeds[0]
    record["seeds"] = [first, first + len(session.seeds)]
    record["files"] = stamps(claim.world.late, claim.world.folder)
    if session.exploring:
        record["reason"] = f"EXPLORATION, no verdict: {record['reason']}"
    stated = session.stated.get(claim.id)
    if session.store is None or stated is None:
        return record
    record["stated"] = stated.whatever_n
    recipes = recipes_of(claim.about)
    notes = []
    if recipes and record["networks_from"] != "zoo" and stated.shown is not None:
        at = verdicts.registered(session.store, stated.hash)
        trained = [session.store.trained_since(recipe.id, session.seeds) for recipe in recipes]
        ticks = [tick for tick in trained if tick is not None]
        if at is not None and ticks:
            record["registered"] = "before" if at < min(ticks) else "after"
            notes += ["stated after its networks were trained, in this store"] if at >= min(ticks) else []
    counted = isinstance(claim.scope, Seeds) and recipes
    others = _other_numbers(session, claim.id, stated.whatever_n) if counted else []
    if others:
        notes.append(f"judged in this store with {', '.join(map(str, others))} networks before")
    record["reason"] = "; ".join([record["reason"], *notes]).lstrip("; ")
    return record


def _other_numbers(session: Session, claim_id: str, stated: str) -> list[int]:
    """With how many networks the same claim has come to a verdict before, other than now."""
    assert session.store is not None
    found = set()
    for record in verdicts.of_claim(session.store, claim_id):
        if record.get("stated") == stated and record.get("verdict") in SETTLED and "seeds" in record:
            first, end = record["seeds"]
            found.add(end - first)
    return sorted(found - {len(session.seeds)})


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
