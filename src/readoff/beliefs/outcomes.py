"""The truths: from a column of the forecasts, or from a table of their own.

A column may say yes or no in every row of a question, or only in its last row, or name the answer that came true. A
table of its own has one row per question (and per answer, or a column per statement):

    country,win_group,sixteen,win            question,outcome
    Germany,1,1,1                            rain,yes
    Brazil,1,1,0                             snow,no

Open questions ("", "open", "annulled", …) stay open. A question that says yes in one row and no in another is a
fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readoff.beliefs.cells import load_pandas, truth
from readoff.beliefs.columns import flag
from readoff.beliefs.csvs import Csv, open_csv
from readoff.beliefs.names import ANNULLED, EVENT, OPTION, OUTCOME, plain
from readoff.beliefs.problems import Unclear, some
from readoff.beliefs.tables import Long
from readoff.core.errors import BadValue

ONE_WORD = "write yes, no, the answer that came true, or nothing while open"
QUESTION = ("event", "option", "statement")  # the labels that together make one question


@dataclass(frozen=True, eq=False)
class Truth:
    """value: float64 [rows], the truth of the row's question (nan while open); faults as masks over the rows."""

    value: np.ndarray
    faults: tuple[tuple[str, np.ndarray, str], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def of_rows(long: Long, path: Path | None, keep: np.ndarray, exclusive: bool) -> Truth:
    """The truths of all rows, from the outcome file or the outcome column; all open when there is neither."""
    if path is not None:
        found = _from_file(long, path)
    elif "outcome" in long.frame:
        words = long.labels("outcome")
        found = _decode(long, words, long.frame["outcome"].cat.codes.to_numpy())
    else:
        nothing = np.full(len(long.frame), np.nan)
        return Truth(nothing, notes=("no outcomes given: all questions are taken as open",))
    question = long.codes(*QUESTION)
    low, value = _extremes(found.value, question, keep)
    clash = low < value
    hint = "a question has one outcome"
    if path is None and "option" not in long.frame:
        name = long.choice.columns.outcome
        hint += f"; if column {name!r} names the answer that the probability is about, say {flag('option', name or '')}"
    faults = [*found.faults, ("contradicting outcomes", clash, hint)]
    if exclusive:
        event = long.codes("event")
        _, best = _extremes(value, event, keep)
        value = np.where(np.isnan(value) & (best == 1), 0.0, value)
        none = _settled_without_one(value, event, question, keep & ~clash)
        faults.append(("not exactly one answer came true", none, "give one yes among answers that exclude each other"))
    payoffs = len(np.unique(question[keep & (value > 0) & (value < 1)]))
    text = f"{payoffs} outcomes lie strictly between 0 and 1: taken as payoffs, left out of the calibration"
    return Truth(value, tuple(faults), found.notes, (text,) if payoffs else ())


def _extremes(value: np.ndarray, key: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest known value among the kept rows with the same key, spread back over all rows."""
    _, code = np.unique(key, return_inverse=True)
    low, high = np.full(code.max() + 1, np.nan), np.full(code.max() + 1, np.nan)
    np.fmin.at(low, code[keep], value[keep])
    np.fmax.at(high, code[keep], value[keep])
    return low[code], high[code]


def _settled_without_one(value: np.ndarray, event: np.ndarray, question: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Rows of events with several answers, all settled, whose truths do not add up to 1 (or already pass it)."""
    kept = np.flatnonzero(keep)
    one = kept[np.unique(question[kept], return_index=True)[1]]
    _, code = np.unique(event, return_inverse=True)
    size = code.max() + 1
    total = np.bincount(code[one], np.nan_to_num(value[one]), minlength=size)
    still_open = np.bincount(code[one], np.isnan(value[one]), minlength=size) > 0
    several = np.bincount(code[one], minlength=size) > 1
    return (several & np.where(still_open, total > 1 + 1e-9, np.abs(total - 1) > 1e-9))[code]


def _decode(long: Long, words: list[str], codes: np.ndarray) -> Truth:
    """Truths from outcome words by code per row (-1: none); an answer's name is yes for it and no for the others."""
    options = long.labels("option") if "option" in long.frame else []
    said = [truth(word, frozenset(options)) for word in words]
    numbers = np.array([s if isinstance(s, float) else np.nan for s in said] + [np.nan])
    unclear = np.array([isinstance(s, float) and s != s for s in said] + [False])
    winner = np.array([options.index(s) if isinstance(s, str) else -1 for s in said] + [-1])[codes]
    value = numbers[codes]
    if options:
        mine = long.frame["option"].cat.codes.to_numpy()
        value = np.where(winner >= 0, (winner == mine).astype(float), value)
    return Truth(value, (("outcome not understood", unclear[codes], ONE_WORD),), _annulled(words, codes))


def _annulled(words: list[str], codes: np.ndarray) -> tuple[str, ...]:
    void = [k for k in np.unique(codes) if k >= 0 and words[k].strip().lower() in ANNULLED]
    said = ", ".join(repr(words[k].strip()) for k in void)
    return (f"outcomes that say {said} are none: these questions are taken as open",) if void else ()


def _from_file(long: Long, path: Path) -> Truth:
    """Truths from a table of their own, matched by question and answer."""
    pd = load_pandas()

    file = open_csv(path)
    event, answer, statements, outcome = _outcome_columns(long, file.header, path)
    table = file.frame([c for c in dict.fromkeys((event, answer, outcome, *statements)) if c], [])
    filled = file.cells(len(table))
    if np.any(filled > len(file.header)):
        row = int(np.argmax(filled > len(file.header))) + file.first + 1
        raise BadValue(f"row {row} of {path.name} has more cells than its header: put quotes around cells with a comma")
    numbers = np.flatnonzero(filled > 0)
    table = table.iloc[numbers].reset_index(drop=True)

    role = "option" if "option" in long.frame else "statement" if "statement" in long.frame else None
    answers = long.labels(role) if role else []
    n, k = len(table), max(1, len(statements))
    known_events = pd.Index(long.labels("event") if "event" in long.frame else [""])
    of_event = known_events.get_indexer(table[event].astype("str")) if event else np.zeros(n, dtype=np.int64)
    of_answer = np.full(n, -1)
    if statements:
        of_answer = np.repeat(pd.Index(answers).get_indexer(pd.Index(statements)), n)
    elif answer:
        of_answer = pd.Index(answers).get_indexer(table[answer].astype("str"))
    unknown = (np.tile(of_event, k) < 0) | (of_answer < 0 if answer else False)
    if event and n and np.all(of_event < 0):
        raise BadValue(
            f"no question of {path.name} is among the forecasts: it names them as {str(table[event].iloc[0])!r} "
            f"(column {event!r}), the forecasts as {known_events[0]!r} (column {long.choice.columns.event!r}). Say "
            f"which column of the forecasts holds the same names: {flag('event', event)}, or another one"
        )
    cells = pd.concat([table[c].astype("str") for c in statements] or [table[outcome]], ignore_index=True)
    words = pd.Categorical(cells.astype("str").where(cells.notna(), ""))

    width = len(answers) + 1
    key = np.tile(of_event, k) * width + of_answer + 1
    order = np.flatnonzero(~unknown)[np.argsort(key[~unknown], kind="stable")]
    keys, codes = key[order], words.codes[order]
    twice = np.flatnonzero((np.diff(keys) == 0) & (np.diff(codes) != 0))
    if len(twice):
        one, other = (int(numbers[order[twice[0] + j] % n]) + file.first + 1 for j in (0, 1))
        raise BadValue(f"{path.name} gives two outcomes for one question (rows {one} and {other}): keep the right one")

    mine = np.zeros(len(long.frame), dtype=np.int64)
    if "event" in long.frame:
        mine = np.maximum(long.frame["event"].cat.codes.to_numpy(dtype=np.int64), 0)
    row_answer = long.frame[role].cat.codes.to_numpy(dtype=np.int64) if role else np.full(len(long.frame), -1)
    found = np.full(len(long.frame), -1)
    missing = np.ones(len(long.frame), dtype=bool)
    for target in (mine * width + row_answer + 1, mine * width):
        place = np.minimum(np.searchsorted(keys, target), max(len(keys) - 1, 0))
        hit = missing & (keys[place] == target if len(keys) else False)
        found[hit], missing[hit] = codes[place[hit]], False
    decoded = _decode(long, [str(w) for w in words.categories], found)
    lesson = f"add the question to {path.name}, with an empty outcome while it is open"
    notes = (
        (f"{path.name} is also about questions without forecasts: {_rows(np.flatnonzero(unknown) % n, numbers, file)}",)
        if unknown.any()
        else ()
    )
    source = f"outcome = column {outcome!r} of {path.name}" if outcome else f"outcomes from {path.name}"
    return Truth(
        decoded.value, (*decoded.faults, ("outcome missing", missing, lesson)), (source, *decoded.notes, *notes)
    )


def _rows(which: np.ndarray, numbers: np.ndarray, file: Csv) -> str:
    return some([f"row {int(k) + file.first + 1}" for k in np.unique(numbers[which])])


def _outcome_columns(long: Long, header: list[str], path: Path) -> tuple[str | None, str | None, list[str], str | None]:
    """The columns (event, answer, one per statement, outcome) of the outcome table."""
    chosen = long.choice.columns
    event = _pick(header, chosen.event, EVENT, "event", path) if "event" in long.frame else None
    statements = [s for s in (long.labels("statement") if "statement" in long.frame else []) if s in header]
    if statements:
        return event, None, statements, None
    named = chosen.outcome in header or any(plain(c) in OUTCOME for c in header if c != event)
    alone = None if named else next((c for c in chosen.probability if c in header), None)
    outcome = alone or _pick([c for c in header if c != event], chosen.outcome, OUTCOME, "outcome", path)
    rest = [c for c in header if c not in (event, outcome)]
    answer = None
    if "option" in long.frame:
        answer = next((c for c in rest if c == chosen.option or plain(c) in OPTION), None)
    elif "statement" in long.frame:
        answer = _pick(rest, None, ("statement", "column", *EVENT, *OPTION), "statement", path)
    return event, answer, [], outcome


def _pick(header: list[str], same: str | None, names: Sequence[str], role: str, path: Path) -> str:
    """The column of the outcome table for a role: named as in the forecasts, else a usual name, else the only one."""
    if same in header:
        return str(same)
    usual = sorted((names.index(plain(c)), c) for c in header if plain(c) in names)
    if usual:
        return usual[0][1]
    if len(header) == 1:
        return header[0]
    raise Unclear(f"{path.name} has the columns {', '.join(header)}; call the {role} column {same or role!r}")
