"""From evidence to one word, and what would settle it when there is none.

drifts              a bet on a steady rise (or fall) of all forecasts won 6/α; asked first, since drift also
makes X ≠ 0 moves too much      more movement than uncertainty was reduced, or updates that are taken back moves
too little    less movement than that, or updates that go on in the same direction consistent          nothing
of the kind, and mean X and mean drift lie within the declared margin cannot tell         everything else: no
evidence is not evidence of nothing
"""

import math
from dataclasses import dataclass

from readoff.beliefs.bets import SIDES, TESTS
from readoff.beliefs.intervals import BellCurve, Interval

VERDICTS = ("consistent", "moves too much", "moves too little", "drifts", "cannot tell")
USEFUL = 0.25  # the uncertainty of a coin: no margin as wide as that says anything


@dataclass(frozen=True)
class Finding:
    """One question. curve: over clusters, each counting once (approximate). bounded: an interval without bell curve,
    for streams stopped at CAP (None for momentum). up, down: mean allowance for declared noise per stream. log_e:
    evidence that decides, by side (+1, -1). log_e_any: evidence under any dependence. peak: greatest wealth over
    time.
    """

    name: str
    curve: BellCurve
    bounded: Interval | None
    up: float
    down: float
    log_e: dict[int, float]
    log_e_any: dict[int, float]
    peak: dict[int, float]


@dataclass(frozen=True)
class Verdict:
    """One of VERDICTS, what decided it, and what would settle it (None when it is settled)."""

    word: str
    because: tuple[str, ...]
    settles: str | None


def judge(tests: dict[str, Finding], need: float, margin: float | None, clusters: int, independent: bool) -> Verdict:
    """The verdict from the three tests; need: the log e-value that one side of one test must reach."""
    over = [(name, side) for name in TESTS for side in SIDES if tests[name].log_e[side] >= need]
    because = tuple(f"{name} {'+' if side > 0 else '-'}" for name, side in over)
    if any(name == "drift" for name, _ in over):
        return Verdict("drifts", because, None)
    for name, too_much in (("movement", +1), ("momentum", -1)):
        sides = [side for which, side in over if which == name]
        if sides:
            return Verdict("moves too much" if sides[0] == too_much else "moves too little", because, None)
    bounded = [test.bounded for test in tests.values() if test.bounded is not None]
    if margin is not None and clusters > 1 and all(interval.within(margin) for interval in bounded):
        return Verdict("consistent", (f"mean X and mean drift lie within ±{margin:g}",), None)
    return Verdict("cannot tell", (), _what_would_settle(tests, bounded, need, margin, clusters, independent))


def _what_would_settle(
    tests: dict[str, Finding],
    bounded: list[Interval],
    need: float,
    margin: float | None,
    clusters: int,
    independent: bool,
) -> str:
    """The shortest way to a verdict from here."""
    if not clusters:
        return "no stream has two beliefs: add later forecasts or outcomes"
    best = max(tests[name].log_e[side] for name in TESTS for side in SIDES)
    if not independent:
        return (
            f"all streams are one draw, so no standard error exists, and the best bet multiplied money by "
            f"{math.exp(best):.3g} where {math.exp(need):.0f} is needed; forecasts of further independent draws "
            "(name them with --group) would settle it"
        )
    ways = []
    if best > 1:
        wanted = math.ceil(clusters * need / best) - clusters
        ways.append(f"about {wanted} more independent clusters at the present rate would show a fault, if there is one")
    widest = max(max(abs(interval.low), abs(interval.high)) for interval in bounded)
    if widest > USEFUL:
        ways = ways or [f"far more clusters: with {clusters} of them the exact interval still reaches ±{widest:.2g}"]
    elif margin is None:
        ways.append(
            f"with a declared margin (--margin) of {widest:.2g} or more this would be consistent: declare how much "
            "would matter to you"
        )
    else:
        wanted = math.ceil(clusters * (widest / margin) ** 2) - clusters
        ways.append(f"about {wanted} more clusters would bring ±{widest:.2g} within the margin, if all is well")
    return "; ".join(ways)
