"""Strangers' files: the layouts of platforms and spreadsheets, and cells that must never vanish."""

import itertools
import shlex
from pathlib import Path

import numpy as np
import pytest

from readoff.beliefs.columns import Columns, choose, flag, split
from readoff.beliefs.csvs import open_csv
from readoff.beliefs.names import looks_like_time, number, plain
from readoff.beliefs.problems import BadTable, Problem, Unclear, some
from readoff.beliefs.reading import Reading, read
from readoff.core.errors import BadValue


def table(tmp_path: Path, text: str, name: str = "forecasts.csv", **how) -> Reading:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return read(file, **how)


def streams(reading: Reading) -> dict[str, list[float]]:
    h = reading.histories
    return {name: h.belief[h.starts[s] : h.starts[s + 1]].round(9).tolist() for s, name in enumerate(h.names)}


def outcomes(reading: Reading) -> list[float]:
    return reading.histories.outcome.tolist()


LAYOUTS = {
    "metaculus": (
        "Question ID,Forecaster ID,Forecaster Username,Start Time,End Time,Forecaster Count,Probability Yes,"
        "Probability Yes Per Category\n"
        "1000,,,2024-03-01T09:30:00+00:00,2024-03-02T09:30:00+00:00,20,0.34,\n"
        "1000,,,2024-03-02T09:30:00+00:00,2024-03-03T09:30:00+00:00,21,0.29,\n",
        {"1000": [0.34, 0.29]},
    ),
    "some forecasts are the community's": (
        "question,date,probability,user\nq,2024-01-01,0.3,\nq,2024-01-02,0.4,\nq,2024-01-03,0.45,bob\n",
        {"q / (no forecaster)": [0.3, 0.4], "q / bob": [0.45]},
    ),
    "predictit": (
        "Contract ID,Date,Contract Name,Open Share Price,Low Share Price,High Share Price,Close Share Price\n"
        "7,2024-03-01 09:30:00.000,Biden,$0.5,$0.49,$0.51,$0.50\n7,2024-03-01 09:30:00.000,Trump,$0.4,$0.4,$0.5,$0.47\n"
        "7,2024-03-02 09:30:00.000,Biden,$.5,$0.49,$0.51,$0.52\n7,2024-03-02 09:30:00.000,Trump,$.4,$0.4,$0.5,$0.45\n",
        {"7 / Biden": [0.5, 0.52], "7 / Trump": [0.47, 0.45]},
    ),
    "prices in dollars": ("Market,Time,Yes Price\nm,2024-01-01,$0.37\nm,2024-01-02,$0.41\n", {"m": [0.37, 0.41]}),
    "prices in cents": ("Market,Time,Yes Price\nm,2024-01-01,37¢\nm,2024-01-02,41¢\n", {"m": [0.37, 0.41]}),
    "polymarket": (
        "Date (UTC),Timestamp (UTC),Donald Trump,Kamala Harris\n"
        '"03-01-2024 09:30",1709283600,0.5,0.5\n"03-02-2024 09:30",1709370000,0.52,0.48\n',
        {"Donald Trump": [0.5, 0.52], "Kamala Harris": [0.5, 0.48]},
    ),
    "polymarket, date only": (
        'Date (UTC),A,B\n"03-21-2024 09:30",0.5,0.5\n"03-22-2024 09:30",0.52,0.48\n',
        {"A": [0.5, 0.52], "B": [0.5, 0.48]},
    ),
    "good judgment project": (
        "ifp_id,ctt,team,user_id,answer_option,value,fcast_date\n"
        "1100-0,1a,NA,11,a,0.34,2024-03-01\n1100-0,1a,NA,11,b,0.66,2024-03-01\n"
        "1100-0,1a,NA,11,a,0.3,2024-03-02\n1100-0,1a,NA,11,b,0.7,2024-03-02\n",
        {"1100-0 / a / 11": [0.34, 0.3], "1100-0 / b / 11": [0.66, 0.7]},
    ),
    "a timestamp that never changes": (
        'modeldate,state,win_probability,timestamp\n3/13/2024,Ohio,0.3,"18:00:00  1 Nov 2020"\n'
        '3/14/2024,Ohio,0.4,"18:00:00  1 Nov 2020"\n',
        {"Ohio": [0.3, 0.4]},
    ),
    "columns of months and days": ("question,Mar 01,Mar 08,Apr 05\na,0.3,0.4,0.5\n", {"a": [0.3, 0.4, 0.5]}),
    "columns of days and months": ("question,1 Mar,8 Mar,5 Apr\na,0.3,0.4,0.5\n", {"a": [0.3, 0.4, 0.5]}),
    "german, wide": ("Frage;01.03.2024;08.03.2024\na;0,34;0,30\nb;0,5;\n", {"a": [0.34, 0.3], "b": [0.5]}),
    "german, long": (
        "Frage;Datum;Wahrscheinlichkeit;Ergebnis\na;01.03.2024 09:30;0,343;ja\na;02.03.2024 09:30;0,297;ja\n",
        {"a": [0.343, 0.297]},
    ),
    "excel says what separates": ("sep=;\nquestion;date;probability\nq;2024-01-01;0,3\n", {"q": [0.3]}),
    "a blank line first": ("\nquestion,date,probability\nq,2024-01-01,0.3\n", {"q": [0.3]}),
    "a comment first": ("# exported\n\n# on Monday\nquestion,date,probability\nq,2024-01-01,0.3\n", {"q": [0.3]}),
    "a comma after every row": ("question,date,probability,\nq,2024-01-01,0.3,\nq,2024-01-02,.4,\n", {"q": [0.3, 0.4]}),
    "lines of separators": ("question,date,probability\nq,2024-01-01,0.3\n,,\n,,\n", {"q": [0.3]}),
    "windows line ends": ("question,date,probability\r\nq,2024-01-01,0.3\r\nq,2024-01-02,0.4\r\n", {"q": [0.3, 0.4]}),
    "numbered ids": (
        "question_id,date,probability\n007,2024-01-01,0.3\n7,2024-01-01,0.4\n07,2024-01-01,0.5\n7.0,2024-01-01,0.6\n",
        {"007": [0.3], "07": [0.5], "7": [0.4], "7.0": [0.6]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_of_strangers(name, tmp_path):
    text, expected = LAYOUTS[name]
    assert streams(table(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        ("resolved", ("YES", "NO"), [1, 0]),
        ("Resolution", ("Resolved YES", "resolved_no"), [1, 0]),
        ("result", ("Won", "lost"), [1, 0]),
        ("Ergebnis", ("ja", "Nein"), [1, 0]),
        ("outcome", ("oui", "non"), [1, 0]),
        ("outcome", ("Sí", "No"), [1, 0]),
        ("outcome", ("100", "0"), [1, 0]),
        ("outcome", ("TRUE", "False"), [1, 0]),
    ],
)
def test_outcomes_in_other_words(column, cells, expected, tmp_path):
    rows = "".join(f"q{k},2024-01-0{t + 1},0.{t + 4},{cell}\n" for k, cell in enumerate(cells) for t in range(2))
    assert outcomes(table(tmp_path, f"question,date,probability,{column}\n{rows}")) == expected


def test_a_winner_names_the_answer(tmp_path):
    text = "event,candidate,date,price,winner\nR,A,1,0.6,B\nR,B,1,0.4,B\nR,A,2,0.5,B\nR,B,2,0.5,B\n"
    assert outcomes(table(tmp_path, text)) == [0, 1]


def test_columns_that_look_like_outcomes_are_named(tmp_path):
    text = "question,date,probability,did it,resolved\nq,2024-01-01,0.5,yes,true\nq,2024-01-02,0.6,yes,true\n"
    r = table(tmp_path, text)
    assert np.isnan(outcomes(r)).all()
    said = " ".join(r.notes)
    assert "not read: did it, resolved" in said
    assert "column 'did it' looks like an outcome and is not read; if it is one, say --outcome 'did it'" in said
    assert outcomes(table(tmp_path, text, columns=Columns(outcome="did it"))) == [1]
    plain_numbers = table(tmp_path, "question,date,probability,n\nq,2024-01-01,0.5,1\nq,2024-01-02,0.6,0\n")
    assert "looks like an outcome" not in " ".join(plain_numbers.notes)


LONGER = {
    "unquoted decimal commas": ("question,date,probability\nq,2024-01-01,45,5\nq,2024-01-02,46,0\n", "row 2, row 3"),
    "unquoted decimal fractions": ("question,date,probability\nq,2024-01-01,0,35\nq,2024-01-02,1,00\n", "row 2, row 3"),
    "one cell too many": ("question,date,probability\nq,2024-01-01,0.3\nq,2024-01-02,0.4,extra\n", "row 3"),
    "an unquoted title": ("id,title,time,prob\n1,Will A, B win,1,0.5\n2,Will D win,1,0.5\n", "row 2"),
    "with quotes elsewhere": ('id,title,time,prob\n1,"A, B",1,0.5\n1,"A, B",2,0.5,6\n', "row 3"),
    "after a comment": ("# x\nquestion,date,probability\nq,2024-01-01,0.3\nq,2024-01-02,0.4,e\n", "row 4"),
}


@pytest.mark.parametrize("name", LONGER)
@pytest.mark.parametrize("scale", [None, "fraction", "percent"])
def test_more_cells_than_the_header_names_are_refused(name, scale, tmp_path):
    text, rows = LONGER[name]
    with pytest.raises(BadTable, match=f"more cells than the . of the header: {rows}. Put quotes"):
        table(tmp_path, text, scale=scale)


def test_rows_that_are_too_long_are_left_out_on_request_and_short_ones_are_said(tmp_path):
    text = "question,date,probability,note\nq,2024-01-01,0.31,a,b\nq,2024-01-02,0.4,c\nq,2024-01-03,0.44\n"
    r = table(tmp_path, text, skip_bad=True)
    assert streams(r) == {"q": [0.4, 0.44]}
    assert [(p.count, p.places) for p in r.problems] == [(1, ("row 2",))]
    assert any("missing at the end of some rows and taken as empty: row 4" in note for note in r.notes)


def test_cells_are_counted_alike_with_and_without_quotes(tmp_path):
    rows = ["a,b,c", "1,2,3", "1,2", "", ",,", "1,2,3,", "1,2,3,4", "1,2,3, ,5"]
    for k, text in enumerate(("\n".join(rows), "\n".join(rows) + "\n", '"a",b,c\n' + "\n".join(rows[1:]))):
        file = tmp_path / f"{k}.csv"
        file.write_text(text)
        table = open_csv(file)
        assert table.cells(7).tolist() == table._count_slowly().tolist() == [3, 2, 0, 0, 3, 4, 5]


def test_quotes_in_the_middle_of_a_cell_do_not_hide_rows(tmp_path):
    text = 'question,time,p\n6" of rain,1,0.31\n6" of rain,2,0.4\n7" of rain,1,0.3\n"a, b",1,0.3\n'
    assert streams(table(tmp_path, text)) == {'6" of rain': [0.31, 0.4], '7" of rain': [0.3], "a, b": [0.3]}
    with pytest.raises(BadTable, match="header: row 3"):
        table(tmp_path, text.replace("0.4", "0,4"))
    with pytest.raises(BadTable, match="header: row 2"):
        table(tmp_path, 'question,time,p\n"a, ""b""\nc",1,0,3\n')


def test_files_that_are_no_snapshots_are_named(tmp_path):
    for day in (1, 2):
        (tmp_path / f"odds-2024-01-0{day}.csv").write_text(f"team,win\nx,0.{day}\n")
    (tmp_path / "latest.csv").write_text("team,win\nx,0.9\n")
    (tmp_path / "odds-2024-01-03.csv").write_text("")
    with pytest.raises(BadTable, match=r"(?s)without a time in its name: latest.csv.*empty file: odds-2024-01-03.csv"):
        read(tmp_path)
    r = read(tmp_path, skip_bad=True)
    assert r.rows_used == 2 and [p.places for p in r.problems] == [("latest.csv",), ("odds-2024-01-03.csv",)]


def test_a_column_that_begins_late_is_read(tmp_path):
    rows = "".join(f"{k},0.{k % 80 + 10},\n" for k in range(30_000))
    r = table(tmp_path, "time,A,B\n" + rows + "30000,0.5,0.25\n")
    assert streams(r)["B"] == [0.25]


def test_ids_in_a_table_of_outcomes_stay_text(tmp_path):
    (tmp_path / "truth.csv").write_text("question_id,outcome\n007,yes\n7,no\n")
    text = "question_id,date,probability\n007,2024-01-01,0.3\n7,2024-01-01,0.4\n"
    assert outcomes(table(tmp_path, text, outcome_file=tmp_path / "truth.csv")) == [1, 0]


def test_outcomes_under_other_names_get_a_hint_that_works(tmp_path):
    (tmp_path / "truth.csv").write_text('question_title,resolution\n"Rain, tomorrow?",yes\nSnow,no\n')
    text = 'question_id,question_title,date,probability\n1,"Rain, tomorrow?",2024-01-01,0.3\n2,Snow,2024-01-01,0.4\n'
    with pytest.raises(BadValue, match=r"names them as 'Rain, tomorrow\?'.*--event question_title"):
        table(tmp_path, text, outcome_file=tmp_path / "truth.csv")
    how = {"columns": Columns(event="question_title"), "outcome_file": tmp_path / "truth.csv"}
    assert outcomes(table(tmp_path, text, **how)) == [1, 0]


# A refusal, and the flag in it, which must work when it is followed.
HINTS = {
    "several prices": "Market,Time,Yes Price,Last Price\nm,1,0.37,0.4\nm,2,0.41,0.4\n",
    "538": "modeldate,state,winstate_inc,winstate_chal,simulations\n1,Ohio,0.34,0.66,40000\n2,Ohio,0.3,0.7,40000\n",
    "a comma in a name": 'question,time,rank,"win, away"\nq,1,7,0.3\nq,2,4,0.4\n',
    "an unknown question column": "The Thing,time,how sure\nx,1,0.4\ny,1,0.5\n",
}


@pytest.mark.parametrize("name", HINTS)
def test_hints_work_when_they_are_followed(name, tmp_path):
    with pytest.raises(Unclear) as refusal:
        table(tmp_path, HINTS[name])
    words = shlex.split(str(refusal.value).replace("? Say", " Say"))
    pairs = itertools.pairwise(words)
    given = {k.removeprefix("--"): split(v.rstrip(",.;:")) for k, v in pairs if k.startswith("--")}
    asked = Columns(probability=given["probability"], event=given.get("event", (None,))[0])
    assert streams(table(tmp_path, HINTS[name], columns=asked))


def test_flags_and_names_are_inverse():
    for names in (("a",), ("Yes Price", "No Price"), ("win, away", "x"), ('say "p"',), ("it's",)):
        words = shlex.split(flag("probability", *names))
        assert words[0] == "--probability" and split(words[1]) == names
    assert split(None) == () and split("a, b") == ("a", "b")


def test_bad_columns_end_in_a_refusal_and_not_in_a_traceback(tmp_path):
    text = "date,A,B\n2024-01-01,1.5,3\n2024-01-02,2.5,7\n"
    with pytest.raises(BadTable, match="no good row is left"):
        table(tmp_path, text, columns=Columns(probability=("A", "B")), scale="fraction")


def test_prices_add_up_to_about_1(tmp_path):
    rows = "".join(f"{t},0.{52 + t},0.{50 - t}\n" for t in range(6))
    r = table(tmp_path, "time,A,B\n" + rows)
    assert any("as prices do (at worst 1.02)" in note for note in r.notes) and r.histories.n_clusters == 1
    with pytest.raises(BadTable, match="do not add up to 1"):  # the user said that they exclude each other
        table(tmp_path, "time,A,B\n" + rows, exclusive=True)


@pytest.mark.parametrize("cells", [("yesterday", "today"), ("now", "2024-01-02")])
def test_words_are_no_times(cells, tmp_path):
    with pytest.raises(BadTable, match="time not understood"):
        table(tmp_path, "question,date,probability\n" + "".join(f"q,{c},0.{k + 3}\n" for k, c in enumerate(cells)))


def test_dates_without_a_year_must_be_in_order(tmp_path):
    with pytest.raises(Unclear, match="have no year"):
        table(tmp_path, "question,Nov 08,Dec 20,Jan 03,Jan 10\na,0.3,0.4,0.5,0.5\n")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04rest", "workbook or archive"),
        (b"question,date,probability\nq,1,0.3\0\n", r"zero byte \(line 2\)"),
        (b"\xff\xfeq", "not UTF-8"),
        (b"\n\n# nothing\n", "is empty"),
        (b"question,,probability\nq,1,0.3\n", "column 2 of .* has no name"),
    ],
)
def test_bytes_that_are_no_table(data, said, tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(data)
    with pytest.raises(BadValue, match=said):
        read(file)


def test_lessons_end_in_one_stop():
    assert str(Problem("x", ("row 2",), 1, "is it so?")).endswith("Is it so?")
    assert str(Problem("x", ("row 2",), 1, "do it")).endswith("Do it.")
    assert some([f"row {k}" for k in range(9)]) == "row 0, row 1, row 2, row 3, row 4 and 4 more"


def test_cells_and_names():
    assert [number(c) for c in ("$0.37", "37 %", "0,35", "€1", "x", "")] == [0.37, 37.0, 0.35, 1.0, None, None]
    assert plain("Forecast Date (UTC)") == "forecast_date" and plain("Résultat") == "resultat"
    assert looks_like_time("March 8, 2024") and not looks_like_time("Margaret 5") and not looks_like_time("win")
    assert choose(["time", "p"], {"time": ["1"], "p": ["0.3"]}, Columns()).columns.time == "time"
