"""A real history: the 2014 World Cup forecasts of FiveThirtyEight, with what must be kept in mind about them.

The table joins the 84 snapshots of the public repository `fivethirtyeight/data` (folder `world-cup-predictions`, CC
BY 4.0, FiveThirtyEight), keeps the six chances and rounds them to five decimals. The outcomes are ours.
"""

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from readoff.beliefs.audit import Audit, audit
from readoff.beliefs.words import reading
from readoff.claims import Exhibit, Identity, Known, Measured, Process, claim, enumerated, on_material

CALCULATED = "independent calculation"
STAGES = ("win_group", "sixteen", "quarter", "semi", "cup", "win")
METHOD_CHANGED = 1403827200.0  # 27 June 2014, 00:00 UTC, in seconds since 1970
WINNER = "Germany"
CREDIT = (
    "Data: FiveThirtyEight, github.com/fivethirtyeight/data, folder world-cup-predictions, CC BY 4.0; snapshots "
    "joined, chances rounded to five decimals. The outcomes are ours."
)
CAVEATS = (
    "one tournament is one draw: the teams share shocks and their chances add up",
    "the last snapshot precedes the final: its outcome is appended",
    "the method of forecasting changed on 27 June 2014",
)


@dataclass(frozen=True)
class Tournament:
    """The joined table as text, and how it is audited. stages: columns. independent: teams are stated to be so.

    cut: leave out updates across the change of method. appended: add the outcome of the final. apart: date each team's
    forecasts into a year of its own, so that no two teams are updated together.
    """

    table: str
    stages: tuple[str, ...] = STAGES
    independent: bool = False
    cut: bool = False
    appended: bool = True
    apart: bool = False


def world_cup() -> Tournament:
    """The shipped table."""
    return Tournament(text("world_cup_2014.csv"))


def text(name: str) -> str:
    """A data file of this package."""
    return (resources.files("readoff.studies.beliefs") / name).read_text(encoding="utf-8")


def audited(t: Tournament) -> Audit:
    """The audit of the tournament, through the same reader as any file."""
    import tempfile

    from readoff.beliefs.columns import Columns
    from readoff.beliefs.reading import read

    with tempfile.TemporaryDirectory() as folder:
        file, truth = Path(folder, "world_cup_2014.csv"), Path(folder, "outcomes.csv")
        file.write_text(t.table, encoding="utf-8")
        truth.write_text(outcomes(t.table, t.appended), encoding="utf-8")
        found = read(file, Columns(probability=t.stages), truth, scale="fraction", exclusive=False)
    h = found.histories
    if t.apart:
        h = replace(h, time=h.time + 366 * 86400 * h.cluster[h.stream_of_row()])
    return audit(
        h,
        independent=t.independent,
        clustered_by=found.clustered_by,
        cut=METHOD_CHANGED if t.cut else None,
        caveats=CAVEATS,
        source="FiveThirtyEight, 2014 World Cup",
    )


def outcomes(table: str, appended: bool = True) -> str:
    """The outcome of every stage: what the last snapshot says, where it is sure, and the winner of the final."""
    header, *lines = table.strip().split("\n")
    names = header.split(",")
    last = lines[-1].split(",")[0]
    rows = [",".join(names[1:])]
    for line in lines:
        cells = dict(zip(names, line.split(",")))
        if cells["time"] == last:
            sure = {s: cells[s] if cells[s] in ("0", "1") else "" for s in STAGES}
            if appended:
                sure["win"] = str(int(cells["country"] == WINNER))
            rows.append(",".join([cells["country"], *sure.values()]))
    return "\n".join(rows) + "\n"


def tournament_numbers(t: Tournament) -> Measured:
    """What the audit finds in all stages together, and what it finds out and says by itself."""
    a = audited(t)
    said = " ".join(reading(a))
    return enumerated(
        cannot_tell=a.verdict == "cannot tell",
        has_standard_error=bool(np.isfinite(a.tests["movement"].curve.se)),
        finds_dependence=a.dependence.found,
        says_so="contradict independence: they add up to a constant" in said,
        says_appended="The outcome is appended" in said,
        variance_of_sums=a.dependence.ratio,
        movement=float(a.movement.mean()),
        reduction=float(a.reduction.mean()),
        excess=float(a.excess.mean()),
        reduction_without_outcome=a.reduction_without_truth,
        z_if_teams_were_independent=_z(a.excess),
        best_bet=float(np.exp(max(a.log_e.values()))),
        sparsest_excess=a.thinned[-1].excess,
    )


def _z(excess: np.ndarray) -> float:
    """Mean over standard error as if every stream were an independent draw."""
    return float(excess.mean() / (excess.std(ddof=1) / np.sqrt(len(excess))))


def stage_numbers(t: Tournament) -> Measured:
    """Movement, reduction, X and the naive Z of every stage by itself."""
    numbers: dict[str, float] = {}
    for stage in t.stages:
        a = audited(replace(t, stages=(stage,)))
        numbers |= {
            f"{stage}_movement": float(a.movement.mean()),
            f"{stage}_reduction": float(a.reduction.mean()),
            f"{stage}_excess": float(a.excess.mean()),
            f"{stage}_z": _z(a.excess),
        }
    return enumerated(**numbers)


def pictures(t: Tournament, n: Any) -> list[Exhibit]:
    """The chance of winning of the teams that were ever above 20 %, and the thinning curve of all stages."""
    h = audited(replace(t, stages=("win",))).histories
    days, chances, teams = [], [], []
    for k in range(h.n_streams):
        rows = slice(h.starts[k], h.starts[k + 1])
        if h.belief[rows].max() > 0.2:
            x = ((h.time[rows] - h.time.min()) / 86400).tolist()
            days += [*x, x[-1] + 0.5]
            chances += [*h.belief[rows].tolist(), float(h.outcome[k])]
            teams += [str(h.names[k])] * (len(x) + 1)
    thinned = audited(t).thinned
    return [
        Exhibit(
            "world-cup-win",
            "scatter",
            "The chance of winning the cup",
            f"Teams that were ever above 20 %, with the outcome appended. The method changed on day 18. {CREDIT}",
            {
                "x": days,
                "y": chances,
                "series": teams,
                "x_axis": "days since 9 June 2014",
                "y_axis": "chance of winning",
            },
        ),
        Exhibit(
            "world-cup-thinning",
            "scatter",
            "The thinning curve",
            f"Mean X per stream when one snapshot is kept per so many days. One tournament, so no error bar. {CREDIT}",
            {
                "x": [p.interval / 86400 for p in thinned],
                "y": [p.excess for p in thinned],
                "log_x": True,
                "x_axis": "days between the snapshots that are kept",
                "y_axis": "mean X per stream",
                "rules": [{"axis": "y", "value": 0.0, "label": "lawful"}],
            },
        ),
    ]


as_independent = on_material("teams stated to be independent draws", lambda t: replace(t, independent=True))
unrelated = on_material("no two teams updated at the same time", lambda t: replace(t, apart=True))
exchanged = on_material("two stages exchanged", lambda t: replace(t, table=swapped(t.table)))
REAL: Any = dict(about=Process(world_cup, "84 snapshots of the 2014 World Cup forecasts"), scope=Identity())


@claim(
    "beliefs/real/one-draw",
    says="Told nothing about independence, the audit finds by itself that the chances of the 32 teams add up, says so, "
    "gives no standard error, names the appended outcomes, and cannot tell: no bet multiplied money by 2, where 120 "
    "decides.",
    measure=tournament_numbers,
    statement="beliefs/real-excess",
    relation="illustrates",
    headline="best_bet",
    must_fail=[as_independent, unrelated],
    exhibit=pictures,
    **REAL,
)
def one_draw(n):
    honest = n["cannot_tell"] & ~n["has_standard_error"] & n["says_so"] & n["says_appended"]
    return honest & n["finds_dependence"] & (n["variance_of_sums"] < 0.01) & (n["best_bet"] < 2)


@claim(
    "beliefs/real/naive-z",
    says="A Z test that takes teams as independent would accuse these forecasts of moving too little (beyond "
    "-3.5 for winning "
    "the group, reaching the quarter-final and the semi-final): it is invalid here.",
    measure=stage_numbers,
    headline="win_group_z",
    known=Known("-3.7", CALCULATED, "win_group_z"),
    must_fail=[exchanged],
    **REAL,
)
def naive_z(n):
    return (n["win_group_z"] < -3.5) & (n["quarter_z"] < -3.5) & (n["semi_z"] < -3.5)


def swapped(table: str) -> str:
    """The same table with the columns of the two first stages exchanged."""
    header, rest = table.split("\n", 1)
    names = header.split(",")
    a, b = names.index("win_group"), names.index("sixteen")
    names[a], names[b] = names[b], names[a]
    return ",".join(names) + "\n" + rest


@claim(
    "beliefs/real/numbers",
    says="Per team the forecasts of reaching the last sixteen moved as much as they learned, to 3 %.",
    measure=stage_numbers,
    headline="sixteen_movement",
    known=Known("0.193", CALCULATED, "sixteen_movement"),
    must_fail=[exchanged],
    **REAL,
)
def stages(n):
    ratio = n["sixteen_movement"] / n["sixteen_reduction"]
    return (ratio > 0.97) & (ratio < 1.03)


@claim(
    "beliefs/real/half",
    says="The forecasts of winning the group moved less than 0.6 times as much as they learned, as did those of "
    "reaching the quarter- and the semi-final.",
    measure=stage_numbers,
    headline="win_group_excess",
    known=Known("-0.062", CALCULATED, "win_group_excess"),
    must_fail=[exchanged],
    **REAL,
)
def half(n):
    ratios = [n[f"{stage}_movement"] / n[f"{stage}_reduction"] for stage in ("win_group", "quarter", "semi")]
    return (ratios[0] < 0.6) & (ratios[1] < 0.6) & (ratios[2] < 0.6)


def appended_numbers(t: Tournament) -> Measured:
    """Reduction of uncertainty about winning the cup, with and without the outcome of the final."""
    a = audited(replace(t, stages=("win",)))
    return enumerated(reduction=float(a.reduction.mean()), without=a.reduction_without_truth)


@claim(
    "beliefs/real/appended-outcome",
    says="Whether the outcome of the final is appended decides what was learned about winning: the last snapshot "
    "precedes it, "
    "and most of the reduction of uncertainty with it.",
    measure=appended_numbers,
    headline="reduction",
    must_fail=[on_material("not appended", lambda t: replace(t, appended=False))],
    **REAL,
)
def appended_outcome(n):
    return n["reduction"] > 2 * n["without"]


@claim(
    "beliefs/real/change-of-method",
    says="Leaving out the updates across the change of method on 27 June does not change the answer: dependent, no "
    "standard error, cannot tell.",
    about=Process(lambda: replace(world_cup(), cut=True), "the same, cut on 27 June 2014"),
    scope=Identity(),
    measure=tournament_numbers,
    headline="best_bet",
    must_fail=[as_independent],
)
def change_of_method(n):
    return n["cannot_tell"] & ~n["has_standard_error"] & n["finds_dependence"] & (n["best_bet"] < 2)
