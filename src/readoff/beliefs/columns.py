"""Which column is which: by the names people use, never silently.

A table from a platform has its own words. `choose` knows the usual ones, says what it took each column for, and
asks as soon as two columns could be meant:

    question_id, created_time, community_prediction, resolution   →  long: one row per question and time
    date, Trump, Biden                                            →  wide: one column per statement
    question, 2024-01-01, 2024-01-08, 2024-01-15                  →  wide: one column per time

The column that says which questions share fate (`--group`) is never guessed: a wrong guess there would be a wrong
claim about independence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from readoff.beliefs.problems import Unclear
from readoff.core.errors import UnknownName

# Names in order of preference, after lower-casing and turning every run of other characters into one underscore.
TIME = """time timestamp datetime date_time date created_at created_time createdtime forecast_time forecast_date
    forecast_timestamp modeldate model_date updated_at update_time snapshot snapshot_time as_of asof day week round
    start_time period t"""
EVENT = """question_id questionid event_id market_id marketid game_id match_id forecast_question_id event market
    question series_id stream_id stream contract_id ticker slug question_title market_title title race state country
    team game match name id"""
OPTION = "option option_id answer answer_id choice candidate contract contract_name outcome_name"
FORECASTER = (
    "forecaster forecaster_id forecaster_name user user_id username expert model participant participant_id source"
)
PROBABILITY = """probability prob forecast prediction
    prob_after probability_yes prob_yes yes_probability yes_prob p_yes
    predicted_probability forecast_probability community_prediction community_probability implied_probability
    win_probability winprob win_prob winprobability wp home_wp chance belief probability_percent percent percentage
    pct price yes_price last_price last_traded_price close p"""
OUTCOME = """outcome resolution resolved_outcome resolved_to resolution_value resolved_value result truth answer_true
    final_outcome ground_truth happened won y label"""


@dataclass(frozen=True)
class Columns:
    """Column names by role; None where there is none (or, before `choose`, where it is left to be found).

    `probability` may name several columns (one statement each). `time` may be "row": the order of the rows is the
    time.
    """

    event: str | None = None
    option: str | None = None
    forecaster: str | None = None
    time: str | None = None
    probability: tuple[str, ...] = ()
    outcome: str | None = None
    group: str | None = None

    def used(self) -> list[str]:
        """The columns that will be read."""
        single = (self.event, self.option, self.forecaster, self.time, self.outcome, self.group)
        return list(dict.fromkeys([c for c in single if c and c != "row"] + list(self.probability)))


@dataclass(frozen=True)
class Choice:
    """The columns of one table, whether its probability columns are times, and how each was found out."""

    columns: Columns
    columns_are_times: bool
    notes: tuple[str, ...]


def plain(name: str) -> str:
    """A header cell in the form the lists above use: "Win Probability (%)" → "win_probability"."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()).strip("_")


def looks_like_time(cell: str) -> bool:
    """Does a header cell name a date, such as 2024-01-08, 8/1/2024 or 20240108?"""
    return bool(re.fullmatch(r"\s*(\d{4}-\d{2}(-\d{2}.*)?|\d{1,2}/\d{1,2}/\d{2,4}.*|(19|20)\d{6})\s*", cell))


def number(cell: str) -> float | None:
    """The number in a cell, percent sign and decimal comma allowed, or None."""
    try:
        return float(cell.strip().rstrip("%").strip().replace(",", "."))
    except ValueError:
        return None


def choose(header: Sequence[str], sample: dict[str, list[str]], asked: Columns, timed_by_file: bool = False) -> Choice:
    """Settle the role of every column that is needed.

    header: the column names. sample: some cells of every column, as text. asked: what the user named.
    timed_by_file: the times are in the file names, so no column has to hold them. Raises Unclear when two readings
    are possible.
    """
    for name in asked.used():
        if name not in header:
            raise UnknownName("column", name, header)
    notes: list[str] = []
    free = [c for c in header if c not in asked.used()]

    def find(role: str, names: str, given: str | None) -> str | None:
        if given:
            return given
        found = sorted((names.split().index(plain(c)), free.index(c), c) for c in free if plain(c) in names.split())
        if not found:
            return None
        column = found[0][2]
        free.remove(column)
        rest = ", ".join(c for _, _, c in found[1:])
        notes.append(f"{role} = column {column!r}" + (f" (not {rest})" if rest else ""))
        return column

    time = asked.time if asked.time or timed_by_file else find("time", TIME, None)
    probability = asked.probability or _probability(free, sample)
    if not asked.probability and probability:
        notes.append(f"probability = column {probability[0]!r}")
    free = [c for c in free if c not in probability]
    event = find("event", EVENT, asked.event)
    option = find("option", OPTION, asked.option)
    forecaster = find("forecaster", FORECASTER, asked.forecaster)
    outcome = find("outcome", OUTCOME, asked.outcome)
    columns = Columns(event, option, forecaster, time, probability, outcome, asked.group)

    if not probability:
        dates = [c for c in free if looks_like_time(c)]
        if len(dates) >= 2:
            notes.append(f"one column per time: {dates[0]} … {dates[-1]} ({len(dates)} columns)")
            return Choice(replace(columns, probability=tuple(dates), time=None), True, tuple(notes))
        columns = replace(columns, probability=_wide(free, sample, header, event is not None))
        notes.append(
            "one column per statement: "
            + ", ".join(columns.probability[:6])
            + (f" … ({len(columns.probability)} columns)" if len(columns.probability) > 6 else "")
        )
    if columns.time is None and not timed_by_file and not all(looks_like_time(c) for c in columns.probability):
        raise Unclear(
            f"no column of {', '.join(header)} is known to hold the time. Say which: --time COLUMN, "
            "or --time row if the rows are already in the order of time."
        )
    dates_only = columns.time is None and not timed_by_file
    return Choice(columns, dates_only, tuple(notes))


def _probability(free: list[str], sample: dict[str, list[str]]) -> tuple[str, ...]:
    """The one column whose name says probability, () if there is none; several are a question to the user."""
    names = PROBABILITY.split()
    found = [c for c in free if plain(c) in names and any(number(cell) is not None for cell in sample[c])]
    if len(found) > 1:
        exact = [c for c in found if plain(c) in names[:4]]
        if len(exact) != 1:
            raise Unclear(
                f"several columns could hold the probability: {', '.join(found)}. "
                f"Say which: --probability {found[0]!r}, or all of them separated by commas if each is a statement."
            )
        found = exact
    return tuple(found)


def _wide(free: list[str], sample: dict[str, list[str]], header: Sequence[str], has_event: bool) -> tuple[str, ...]:
    """All remaining columns, when every one holds only numbers that could be probabilities (blanks allowed)."""
    values = {c: [number(cell) for cell in sample[c] if cell.strip()] for c in free}
    words = [c for c in free if None in values[c] and len(set(sample[c])) > 1]
    if words and not has_event:
        raise Unclear(
            f"no column is known to name the question; is it {' or '.join(words)}? Say --event {words[0]!r}, and which "
            "column holds the probability: --probability COLUMN"
        )
    numeric = [c for c in free if values[c] and all(v is not None for v in values[c])]
    fractions = [c for c in numeric if all(v is not None and 0 <= v <= 1 for v in values[c])]
    percents = [c for c in numeric if all(v is not None and 0 <= v <= 100 for v in values[c])]
    if numeric and len(fractions) == len(numeric):
        return tuple(fractions)
    if numeric and len(percents) == len(numeric) and not fractions:
        return tuple(percents)
    candidates = fractions or percents
    hint = (
        f"Say which, separated by commas if each is a statement of its own: --probability {','.join(candidates)}"
        if candidates
        else "Say which: --probability COLUMN"
    )
    raise Unclear(f"no column of {', '.join(header)} is known to hold the probability. {hint}")
