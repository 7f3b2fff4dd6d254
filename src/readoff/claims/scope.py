"""How far a claim reaches, and what k of n allows one to say.

    Exists()                 a witness; a search prints its tries
    EveryInput()             every input of the domain (sampling can refute this and never establish it)
    Seeds(0.9, 0.95)         at least 90 % of the networks that the recipe makes, said with 95 % confidence
    EveryNetwork("class")    every network of an exactly named class, by a certificate
    Identity()               an equation, exact or by certificate

`Seeds(at_least, confidence, given=condition)` judges only the networks that meet the condition, and prints both
denominators. The number n of networks is declared before the first one exists; a bar that n cannot reach is refused:
0.9 at 95 % needs 29 networks without a failure. Independent draws of a process, such as simulated histories, are
judged in the same way, draw by draw.

Judged networks have the seeds JUDGED .. JUDGED + n - 1. Bars are chosen on exploration seeds, which start at 1,000,000.
Seeds that somebody has looked at while claims were written or changed judge nothing any more; then JUDGED moves on to
seeds that nobody has seen. Until 2026-11-27, when many claims of the library were rewritten, the rule for their bars
(`studies.pairs.arms.explored`) was changed and the control `heads_from_different_seeds` was repaired, it was 0, then
2,048, then 4,096.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from readoff.claims.enclosure import Maybe
from readoff.claims.subject import Subject
from readoff.core.errors import BadValue
from readoff.statistics.binomial import decide, lower, power, smallest_n, upper

JUDGED = 8_192
EXPLORATION = 1_000_000
MOST_SEEDS = 100_000
"""The most networks of one recipe that a command makes."""
ONLY_SAMPLED = "only some inputs were looked at; that can refute `every input` and not establish it"


@dataclass(frozen=True)
class Exists:
    """One network (or object) does it."""


@dataclass(frozen=True)
class EveryInput:
    """It holds on every input; for several networks, in each of them."""


@dataclass(frozen=True)
class Identity:
    """An equation or exact fact."""


@dataclass(frozen=True)
class Seeds:
    """At least the share `at_least` of the networks, with one-sided `confidence`; `given(numbers)` narrows them."""

    at_least: float
    confidence: float = 0.95
    given: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.at_least < 1:
            raise BadValue(f"Seeds(at_least={self.at_least}): no sample can show a share of 0 or 1; give one between.")
        if not 0.5 <= self.confidence < 1:
            raise BadValue(f"Seeds(confidence={self.confidence}): expected at least 0.5 and below 1, such as 0.95.")


@dataclass(frozen=True)
class EveryNetwork:
    """Every network of the class `cls`, named exactly.

    `relaxation`: the smallest step outside the class, a subject for which the claim FAILS. `attack`: networks trained
    inside the class, none of which may break the claim. Both are measured and judged like any subject.
    """

    cls: str
    relaxation: Subject | None = None
    attack: Subject | None = None


Scope = Exists | EveryInput | Seeds | EveryNetwork | Identity


@dataclass(frozen=True)
class Decision:
    """What the quantifier made of the answers."""

    verdict: str
    reason: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    power: float | None = None
    networks: str | None = None


def confirmation_seeds(n: int) -> range:
    """The seeds on which claims are judged."""
    return range(JUDGED, JUDGED + n)


def exploration_seeds(n: int) -> range:
    """The seeds on which bars may be chosen."""
    return range(EXPLORATION, EXPLORATION + n)


def declared_seeds(seeds: Sequence[int]) -> range:
    """The seeds as the range that they must be: the judged ones, or consecutive exploration seeds. Else BadValue."""
    given = [int(seed) for seed in seeds]
    judged = confirmation_seeds(max(1, len(given)))
    found = range(given[0], given[0] + len(given)) if given and given[0] >= EXPLORATION else judged
    if given != list(found):
        shown = ", ".join(map(str, given[:6])) + (", ..." if len(given) > 6 else "")
        raise BadValue(
            f"seeds [{shown}] are a selection, which shows nothing: claims are judged on seeds {judged[0]:,}, "
            f"{judged[0] + 1:,}, ..., and bars are chosen on consecutive exploration seeds from {EXPLORATION:,} on. "
            "Use n_seeds=n, or exploration_seeds(n)."
        )
    return found


def is_exploration(seeds: Sequence[int]) -> bool:
    """Whether bars may be chosen on these seeds; nothing that is found on them is a verdict."""
    return len(seeds) > 0 and seeds[0] >= EXPLORATION


def unreachable(scope: Seeds, n: int) -> str | None:
    """Why `n` networks cannot reach the bar even without a failure; None if they can."""
    needed = smallest_n(scope.at_least, scope.confidence)
    if n >= needed:
        return None
    return (
        f"refused: {n} networks cannot show a share of {scope.at_least:g} at {100 * scope.confidence:g}% confidence "
        f"even without a failure; that takes {needed}. Use --seeds {needed} or a lower bar."
    )


def decide_one(answer: Maybe, strength: str | None, universal: bool) -> Decision:
    """A single answer about one thing. `universal`: sampled inputs can refute it and never establish it."""
    networks = "ONE" if strength else None
    if bool(answer.certainly) != bool(answer.possibly):
        return Decision("UNDECIDED", "a number lies too close to the bar to call", networks=networks)
    if not answer.possibly:
        return Decision("FAILS", "the predicate is false", networks=networks)
    return (
        Decision("HOLDS", "", networks=networks)
        if not universal
        else Decision("UNDECIDED", ONLY_SAMPLED, networks=networks)
    )


def decide_many(scope: Exists | EveryInput | Identity, answers: Maybe) -> Decision:
    """One answer per network, for scopes that speak of a witness or of all of them."""
    n, k, most = len(answers.certainly), int(answers.certainly.sum()), int(answers.possibly.sum())
    if isinstance(scope, Exists):
        tries = f"{k} of {n} tries"
        if k:
            return Decision("HOLDS", tries, k / n, n=n, networks="ONE")
        if most:
            return Decision("UNDECIDED", f"{most} of {n} tries lie too close to the bar", 0.0, n=n, networks="ONE")
        return Decision("FAILS", f"no witness in {n} tries; that does not show that there is none", 0.0, n=n)
    networks = f"SAMPLED {n} of {n}"
    verdict = "HOLDS" if k == n else "UNDECIDED" if most == n else "FAILS"
    return Decision(verdict, f"{k} of {n} networks", k / n, n=n, networks=networks)


def decide_seeds(scope: Seeds, answers: Maybe, given: Maybe, things: str = "networks") -> Decision:
    """k of n against the bar. What lies too close to call counts against whichever verdict is being reached."""
    n = len(answers.certainly)
    yes = int((given.certainly & answers.certainly).sum())
    judged = int(given.certainly.sum() + (given.possibly & ~given.certainly & ~answers.certainly).sum())
    most = int((given.possibly & answers.possibly).sum())
    most_judged = most + int((given.certainly & ~answers.possibly).sum())
    networks = f"SAMPLED {judged} of {n}"
    count = f"{yes} of {judged} {things}"
    if scope.given is not None:
        count += f", all of the {n} that were made" if judged == n else f" that meet the condition, of {n} made"
    if most > yes:
        count += f"; {most - yes} more lie too close to call"
    if judged == 0:
        return Decision("UNDECIDED", f"none of {n} {things} meets the condition", n=n, networks=networks)
    low = lower(yes, judged, scope.confidence)
    high = upper(most, most_judged, scope.confidence) if most_judged else 1.0
    bar = f"the bar {scope.at_least:g} at {100 * scope.confidence:g}%"
    middle = (1 + scope.at_least) / 2
    strength = power(judged, scope.at_least, scope.confidence, middle)
    values = (yes / judged, (low, high), judged, strength, networks)
    if decide(yes, judged, scope.at_least, scope.confidence) == "holds":
        return Decision("HOLDS", f"{count}: at least {low:.3f}, above {bar}", *values)
    if most_judged and decide(most, most_judged, scope.at_least, scope.confidence) == "fails":
        return Decision("FAILS", f"{count}: at most {high:.3f}, below {bar}", *values)
    return Decision(
        "UNDECIDED",
        f"{count}: between {low:.3f} and {high:.3f}, astride {bar}; with a true share of {middle:.3g} this many "
        f"{things} would show it with probability {strength:.2f}",
        *values,
    )
