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

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from readoff.claims.claim import Claim, controlled_recipes
from readoff.claims.judging import error_verdict, evaluate
from readoff.claims.kept import keep
from readoff.claims.scope import Seeds, confirmation_seeds
from readoff.claims.session import Provider, Session, key_of, look, obtain, prefetch, refusal, register
from readoff.claims.subject import Constructed, Given, OnTask, Process, recipes_of
from readoff.claims.verdict import BAD, Verdict
from readoff.core.errors import BadValue
from readoff.store import Store, StoreError, verdicts


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


def check(
    claims: Sequence[Claim],
    provider: Provider | None = None,
    store: Store | None = None,
    n_seeds: int = 64,
    progress: Progress | None = None,
    reuse: bool = True,
    seeds: Sequence[int] | None = None,
) -> Checked:
    """Judge claims. `seeds` defaults to the judged ones; exploration seeds may be given, and are then never stored."""
    began = time.perf_counter()
    _refuse_doubles(claims)
    exploring = seeds is not None
    session = Session(provider, None if exploring else store, seeds if exploring else confirmation_seeds(n_seeds))
    order = sorted(range(len(claims)), key=lambda i: (_cost(claims[i]), [r.id for r in recipes_of(claims[i].about)], i))
    register(session, claims)
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
                prefetch(session, [claims[j] for j in order if j not in records], reuse)
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


def _one(claim: Claim, session: Session, reuse: bool) -> tuple[dict[str, Any], str]:
    """The record of one claim, stored or new, and its key."""
    began = time.perf_counter()
    try:
        if refused := refusal(session, claim):
            raise BadValue(refused)
        key = key_of(session, claim)
        if key is not None and reuse and session.store is not None:
            stored = verdicts.load(session.store, key)
            if stored is not None:
                return {**stored, "reused": True, "seconds": round(time.perf_counter() - began, 3)}, key
        obtain(session, claim)
        verdict = evaluate(claim, lambda subject, measure: look(session, subject, measure), len(session.seeds))
        key = key_of(session, claim)
    except StoreError:
        raise
    except Exception as error:
        verdict, key = error_verdict(claim, error), None
    record = _record(verdict, session, time.perf_counter() - began)
    if session.store is not None:
        if verdict.kept is not None:
            file = keep(session.store.path / "found", claim.id.replace("/", "-"), verdict.kept)
            record["reason"] = f"{record['reason']} (kept: {file})".lstrip()
        found = [exhibit.to_json() for exhibit in verdict.exhibits]
        again = key if key is not None and verdict.verdict != "ERROR" else f"not used again: {claim.id}"
        verdicts.save(session.store, again, record, found)
    return record, key or ""


def _record(verdict: Verdict, session: Session, seconds: float) -> dict[str, Any]:
    record = verdict.with_seconds(seconds).record()
    recipes = recipes_of(verdict.claim.about)
    if session.store is not None and recipes and record["networks_from"] != "zoo":
        stated = verdicts.registered(session.store, session.hashes[verdict.claim.id][0])
        trained = [session.store.trained_since(recipe.id, session.seeds) for recipe in recipes]
        ticks = [tick for tick in trained if tick is not None]
        if stated is not None and ticks:
            record["registered"] = "before" if stated < min(ticks) else "after"
    return record


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
