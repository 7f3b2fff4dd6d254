"""`readoff beliefs`: does a history of forecasts obey the law of total expectation?

    readoff beliefs forecasts.csv                        one row per question and time, columns found by their names
    readoff beliefs odds/ --probability win              a folder of snapshots, time in the file names
    readoff beliefs prices.csv --group election --report audit.html

Exit 0 when the audit was done, whatever it found; 2 when the table cannot be read.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from readoff.core.errors import BadValue

if TYPE_CHECKING:
    from readoff.beliefs.audit import Audit
    from readoff.beliefs.reading import Reading


def beliefs(
    file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE.csv|FOLDER|-")],
    /,
    outcomes: Path | None = None,
    group: str | None = None,
    event: str | None = None,
    time: str | None = None,
    probability: str | None = None,
    outcome: str | None = None,
    option: str | None = None,
    forecaster: str | None = None,
    percent: bool = False,
    fraction: bool = False,
    exclusive: bool = False,
    separate: bool = False,
    time_format: str | None = None,
    cut: str | None = None,
    rounding: float | None = None,
    noise: float = 0.0,
    simulations: int | None = None,
    independent: bool = False,
    alpha: float = 0.05,
    margin: float | None = None,
    caveat: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (),
    skip_bad: bool = False,
    json: bool = False,
    report: Path | None = None,
) -> int:
    """Audit a history of forecasts: do they move as much as they learn, and not more?

    Args:
        file: a CSV table, a folder of snapshots with the time in their names, or - for standard input.
        outcomes: a table with the outcome of each question, if the forecasts have no outcome column.
        group: column of groups (tournaments, elections) that are independent of each other; never guessed.
        event: column that names the question.
        time: column of the time; "row" if the rows are in the order of time.
        probability: column of the probability, or several with commas, each a statement of its own.
        outcome: column of the outcome (yes, no, empty while open, or the answer that came true).
        option: column that names the answer, for questions with several.
        forecaster: column that names who forecasts; each has streams of their own.
        percent: the probabilities are percents (0.4 means 0.4 %).
        fraction: the probabilities are fractions (0.4 means 40 %).
        exclusive: the answers (or probability columns) of a question exclude each other.
        separate: they do not; several may come true.
        time_format: how times are written, as in "%d/%m/%Y %H:%M".
        cut: a time at which the method of forecasting changed; updates across it are left out.
        rounding: spacing of the reports, such as 0.01; when left out, the one that they visibly use; 0 for none.
        noise: standard deviation of random reporting errors that are not held against the forecaster.
        simulations: the reports are shares of this many simulations.
        independent: the questions are independent of each other; never guessed.
        alpha: error budget of all tests together, and of calling forecasts consistent; intervals have level 1 - alpha.
        margin: how far mean excess movement and mean drift may lie from 0 and still be called consistent; that
            takes some 4 n / margin streams of n updates.
        caveat: something a reader must know; repeated in the report.
        skip_bad: go on without bad rows, and say how many there were.
        json: print JSON although stdout is a terminal.
        report: write the audit to this HTML file too.
    """
    _refuse_both(percent=percent, fraction=fraction)
    _refuse_both(exclusive=exclusive, separate=separate)
    from readoff.beliefs.audit import audit
    from readoff.beliefs.columns import Columns, split
    from readoff.beliefs.noise import Noise
    from readoff.beliefs.reading import read
    from readoff.beliefs.spacing import Spacing, spacing

    columns = Columns(event, option, forecaster, time, split(probability), outcome, group)
    scale = "percent" if percent else "fraction" if fraction else None
    found = read(file, columns, outcomes, scale, time_format, exclusive or (False if separate else None), skip_bad)
    seen = spacing(found.histories) if rounding is None else Spacing(rounding, rounding)
    a = audit(
        found.histories,
        alpha=alpha,
        margin=margin,
        noise=Noise(seen.rounding, noise, simulations),
        independent=independent or group is not None,
        clustered_by=found.clustered_by,
        cut=None if cut is None else _moment(cut, found.histories.dated),
        caveats=[*caveat, *found.warnings, *filter(None, [seen.note()])],
        source=found.source,
        place=found.place,
    )
    if json or not sys.stdout.isatty():
        from readoff import __version__
        from readoff.beliefs.as_json import to_json
        from readoff.cli.output import print_json

        print_json({"readoff": __version__, **_table_json(found), **to_json(a)})
    else:
        _show(a, found)
    sys.stdout.flush()  # what was found stands, whatever becomes of the report
    if report is not None:
        from readoff.report.forecasts import write

        try:
            write(a, found, report)
        except OSError as error:
            raise BadValue(f"the report cannot be written to {report}: {error.strerror}") from None
        print(f"readoff: report written to {report}", file=sys.stderr)
    return 0


def _refuse_both(**flags: bool) -> None:
    if all(flags.values()):
        one, other = (f"--{name.replace('_', '-')}" for name in flags)
        raise BadValue(f"{one} and {other} contradict each other: give one of them")


def _moment(text: str, dated: bool) -> float:
    """The time of --cut on the clock of the table."""
    if not dated:
        try:
            return float(text)
        except ValueError:
            raise BadValue(f"--cut {text!r}: the times of this table are numbers, so give a number") from None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f"--cut {text!r} is no time: write it as 2014-06-27 or 2014-06-27T12:00") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _table_json(found: "Reading") -> dict[str, object]:
    return {
        "rows": found.rows,
        "rows_used": found.rows_used,
        "left_out": [{"kind": p.kind, "count": p.count, "places": list(p.places)} for p in found.problems],
        "read_as": list(found.notes),
    }


def _show(a: "Audit", found: "Reading") -> None:
    """The audit on a terminal: how the table was read, the tests, and what they mean."""
    from readoff.beliefs import promises, words
    from readoff.cli.output import print_table

    resolved = int(a.histories.resolved().sum())
    print(
        f"{found.source}: {words.count(found.rows_used, 'report')} in {words.count(a.histories.n_streams, 'stream')}, "
        f"{resolved:,} with a known outcome"
    )
    for note in found.notes:
        print(f"  {note}")
    for problem in found.problems:
        print(f"  LEFT OUT, {problem.count:,} in all: {problem}")
    print(f"\n{words.headline(a).upper() if a.because or a.certain else words.headline(a)}\n")
    print_table(words.columns(a), words.test_rows(a))
    print(f"(evidence: what a bet on it made of 1 unit of money; {promises.needed(a)} decides)\n")
    for sentence in words.reading(a):
        print(f"- {sentence}")
    if a.calibrated is not None:
        print("\nCalibration: do forecasts come true as often as they say?")
        print_table(words.BINS, words.bin_rows(a))
    print("\nLarge updates: a rational forecaster cannot expect more than the last column.")
    print_table(words.SIZES, words.size_rows(a))
