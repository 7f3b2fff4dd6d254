"""Tables as people have them: every layout that is read, and every fault that must be named with its row."""

from pathlib import Path

import numpy as np
import pytest

from readoff.beliefs.columns import Columns
from readoff.beliefs.problems import BadTable, Unclear
from readoff.beliefs.reading import Reading, read
from readoff.core.errors import BadValue, ReadoffError, UnknownName


def table(tmp_path: Path, text: str, name: str = "forecasts.csv", **how) -> Reading:
    file = tmp_path / name
    file.write_text(text, encoding=how.pop("encoding", "utf-8"))
    return read(file, **how)


def streams(reading: Reading) -> dict[str, list[float]]:
    h = reading.histories
    return {name: h.belief[h.starts[s] : h.starts[s + 1]].round(9).tolist() for s, name in enumerate(h.names)}


def outcomes(reading: Reading) -> dict[str, float]:
    return dict(zip(reading.histories.names, reading.histories.outcome.tolist()))


LONG = """question,time,probability,outcome
rain,2024-01-01,0.3,
snow,2024-01-01,0.2,
rain,2024-01-02,0.5,
snow,2024-01-03,0.123,
rain,2024-01-03,0.9,yes
"""


def test_a_long_table_needs_no_flags(tmp_path):
    r = table(tmp_path, LONG)
    assert streams(r) == {"rain": [0.3, 0.5, 0.9], "snow": [0.2, 0.123]}
    assert outcomes(r)["rain"] == 1 and np.isnan(outcomes(r)["snow"])
    assert r.histories.n_clusters == 2 and r.clustered_by == "each question"
    assert (r.rows, r.rows_used, r.problems) == (5, 5, ())
    assert r.histories.time[1] - r.histories.time[0] == 86400
    text = " ".join(r.notes)
    for word in ("time = column 'time'", "event = column 'question'", "fraction", "no zone"):
        assert word in text


GOOD = {
    "percent signs": ("q,time,prob\na,1,30%\na,2,5.5 %\n", {}, {"the question": [0.3, 0.055]}),
    "percent by value": ("question,day,forecast\na,1,30\na,2,1\na,3,100\n", {}, {"a": [0.3, 0.01, 1.0]}),
    "percent by name": ("question,day,percent\na,1,0\na,2,40\n", {}, {"a": [0.0, 0.4]}),
    "percent said": ("question,day,p\na,1,0.4\na,2,40\n", {"scale": "percent"}, {"a": [0.004, 0.4]}),
    "wide by statement": ("date,A,B\n2024-01-01,0.3,\n2024-01-02,0.4,0.5\n", {}, {"A": [0.3, 0.4], "B": [0.5]}),
    "wide by time": ("question,2024-01-01,2024-01-08\na,0.3,0.4\nb,0.5,\n", {}, {"a": [0.3, 0.4], "b": [0.5]}),
    "semicolons and commas": ("frage;question;time;probability\nx;a;1;0,25\nx;a;2;0,5\n", {}, {"a": [0.25, 0.5]}),
    "newest first": ("question,time,p\na,3,0.9\na,2,0.5\na,1,0.3\n", {}, {"a": [0.3, 0.5, 0.9]}),
    "camel case": ("marketId,createdTime,prob\nm,1700000000000,0.4\nm,1700000060000,0.5\n", {}, {"m": [0.4, 0.5]}),
    "spaces in the header": ("Question , Time, Probability\na,1,0.4\na,2,0.5\n", {}, {"a": [0.4, 0.5]}),
    "two forecasters": (
        "question,user,time,p\na,u,1,0.4\na,v,1,0.6\na,u,2,0.5\n",
        {},
        {"a / u": [0.4, 0.5], "a / v": [0.6]},
    ),
    "row order": ("question,p\na,0.4\nb,0.1\na,0.5\n", {"columns": Columns(time="row")}, {"a": [0.4, 0.5], "b": [0.1]}),
    "several columns": (
        "team,time,semi,win\nx,1,0.4,0.2\nx,2,0.5,0.3\n",
        {"columns": Columns(probability=("semi", "win"))},
        {"x / semi": [0.4, 0.5], "x / win": [0.2, 0.3]},
    ),
    "an event called NA": ("country,time,p\nNA,1,0.4\nNA,2,0.5\nNone,1,0.3\n", {}, {"NA": [0.4, 0.5], "None": [0.3]}),
    "blank lines": ("question,time,p\na,1,0.4\n\na,2,0.5\n\n", {}, {"a": [0.4, 0.5]}),
    "one question": ("time,probability\n1,0.4\n2,0.5\n", {}, {"the question": [0.4, 0.5]}),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_layouts(name, tmp_path):
    text, how, expected = GOOD[name]
    assert streams(table(tmp_path, text, **how)) == expected


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        (("2024-01-01T10:00:00Z", "2024-01-01T12:00:00+01:00"), 3600),
        (("2024-01-01 10:00 UTC", "2024-01-01 11:00 GMT"), 3600),
        (("2024-01-01", "2024-01-02T00:00:30"), 86430),
        (("1/31/2024 14:00", "2/1/2024 14:00"), 86400),
        (("31/1/2024", "1/2/2024"), 86400),
        (("31.12.2023", "01.01.2024"), 86400),
        (("Jan 31, 2024", "Feb 1, 2024"), 86400),
        (("20240131", "20240201"), 86400),
        (("1700000000", "1700000060"), 60),
        (("1700000000000", "1700000060000"), 60),
        (("7", "9.5"), 2.5),
    ],
)
def test_times(cells, seconds, tmp_path):
    r = table(tmp_path, "question;time;p\n" + "".join(f"a;{c};0.{k + 3}\n" for k, c in enumerate(cells)))
    assert np.diff(r.histories.time).tolist() == [seconds]


def test_day_or_month_first_is_asked(tmp_path):
    text = "question,time,p\na,03/04/2024,0.3\na,04/05/2024,0.4\n"
    with pytest.raises(Unclear, match="day or month first"):
        table(tmp_path, text)
    assert np.diff(table(tmp_path, text, time_format="%d/%m/%Y").histories.time).tolist() == [31 * 86400]


def test_a_folder_of_snapshots_takes_the_time_from_the_names(tmp_path):
    for day, (x, y) in {"20240101-100000": (0.3, 0.7), "20240102-100000": (0.25, 0.75)}.items():
        (tmp_path / f"odds-{day}.csv").write_text(f"team,win\nx,{x}\ny,{y}\n")
    (tmp_path / "README.md").write_text("notes")
    r = read(tmp_path)
    assert streams(r) == {"x / win": [0.3, 0.25], "y / win": [0.7, 0.75]} or streams(r) == {
        "x": [0.3, 0.25],
        "y": [0.7, 0.75],
    }
    assert np.diff(r.histories.time).tolist() == [86400, -86400, 86400]
    assert r.histories.dated and any("no tables were not read: README.md" in note for note in r.notes)
    (tmp_path / "odds-20240103-100000.csv").write_text("team,price\nx,1\n")
    with pytest.raises(BadValue, match=r"odds-20240103-100000.csv has other columns"):
        read(tmp_path)


def test_names_without_times_and_folders_without_tables(tmp_path):
    with pytest.raises(BadValue, match="holds no"):
        read(tmp_path)
    (tmp_path / "a1b2.csv").write_text("team,p\nx,0.4\n")
    (tmp_path / "2024-13-45.csv").write_text("team,p\nx,0.4\n")
    with pytest.raises(Unclear, match="do not all hold one time"):
        read(tmp_path)


ANSWERS = """question,time,answer,probability,resolution
who,1,Ann,0.5,Bob
who,1,Bob,0.3,Bob
who,1,Cy,0.2,Bob
who,2,Ann,0.2,Bob
who,2,Bob,0.7,Bob
who,2,Cy,0.1,Bob
"""


def test_answers_of_one_question(tmp_path):
    r = table(tmp_path, ANSWERS)
    assert outcomes(r) == {"who / Ann": 0, "who / Bob": 1, "who / Cy": 0}
    assert r.histories.n_clusters == 1
    assert any("exclude each other" in note for note in r.notes)


def test_answers_that_may_all_come_true(tmp_path):
    text = ANSWERS.replace("0.5,Bob", "0.9,").replace("0.3,Bob", "0.8,").replace("0.2,Bob", "0.7,")
    r = table(tmp_path, text.replace("0.1,Bob", "0.6,").replace("0.7,Bob", "0.9,"))
    assert any("separate statements" in note for note in r.notes)
    assert np.isnan(list(outcomes(r).values())).all()


def test_an_outcome_table(tmp_path):
    (tmp_path / "truth.csv").write_text("question,outcome\nsnow,no\nrain,yes\nhail,yes\n")
    text = LONG.replace(",outcome", ",note")
    r = table(tmp_path, text, outcome_file=tmp_path / "truth.csv")
    assert outcomes(r) == {"rain": 1, "snow": 0}
    assert any("truth.csv is also about questions without forecasts: row 4" in note for note in r.notes)


def test_an_outcome_table_with_a_column_per_statement(tmp_path):
    (tmp_path / "truth.csv").write_text("team,semi,win\nx,1,0\ny,0,\n")
    text = "team,time,semi,win\nx,1,0.4,0.2\nx,2,0.5,0.3\ny,1,0.1,0.1\n"
    how = {"columns": Columns(probability=("semi", "win")), "outcome_file": tmp_path / "truth.csv"}
    alone = outcomes(table(tmp_path, text, **(how | {"columns": Columns(probability=("semi",))})))
    assert alone == {"x": 1, "y": 0}
    found = outcomes(table(tmp_path, text, **how))
    assert found["x / semi"] == 1 and found["x / win"] == 0 and found["y / semi"] == 0 and np.isnan(found["y / win"])


def test_an_outcome_table_for_many_questions_and_columns(tmp_path):
    teams = [f"t{k}" for k in range(100)]
    (tmp_path / "truth.csv").write_text("team,a,b,c\n" + "".join(f"{t},{k % 2},0,1\n" for k, t in enumerate(teams)))
    text = "team,time,a,b,c\n" + "".join(f"{t},1,0.4,0.3,0.2\n" for t in reversed(teams))
    how = {"columns": Columns(probability=("a", "b", "c")), "outcome_file": tmp_path / "truth.csv"}
    found = outcomes(table(tmp_path, text, **how))
    assert all((found[f"{t} / a"], found[f"{t} / b"], found[f"{t} / c"]) == (k % 2, 0, 1) for k, t in enumerate(teams))


def test_an_outcome_table_of_answers(tmp_path):
    text = ANSWERS.replace(",resolution", ",x")
    (tmp_path / "truth.csv").write_text("question,answer,outcome\nwho,Ann,no\nwho,Bob,yes\nwho,Cy,no\n")
    how = {"outcome_file": tmp_path / "truth.csv"}
    assert outcomes(table(tmp_path, text, **how)) == {"who / Ann": 0, "who / Bob": 1, "who / Cy": 0}
    (tmp_path / "truth.csv").write_text("question,outcome\nwho,Cy\n")
    assert outcomes(table(tmp_path, text, **how)) == {"who / Ann": 0, "who / Bob": 0, "who / Cy": 1}
    (tmp_path / "truth.csv").write_text("question,outcome\nwho,Cy\nwho,Ann\n")
    with pytest.raises(BadValue, match="two outcomes for one question"):
        table(tmp_path, text, **how)


def test_groups(tmp_path):
    text = "question,cup,time,p\na,x,1,0.4\nb,x,1,0.5\nc,y,1,0.6\n"
    r = table(tmp_path, text, columns=Columns(group="cup"))
    assert r.histories.cluster.tolist() == [0, 0, 1] and r.clustered_by == "each cup"
    with pytest.raises(BadValue, match="changes within a question"):
        table(tmp_path, text + "a,y,2,0.3\n", columns=Columns(group="cup"))


# name: (table, what must be said, rows left with skip_bad, flags)
BAD = {
    "blank probability": ("question,time,p\na,1,0.4\na,2,\na,3,0.5\n", "probability missing: row 3", 2, {}),
    "words": ("question,time,p\na,1,0.4\na,2,high\na,3,0.5\n", "not a number: row 3", 2, {}),
    "out of range": ("question,time,p\na,1,0.4\na,2,-0.1\na,3,0.5\n", "out of range: row 3", 2, {}),
    "infinite": ("question,time,p\na,1,0.4\na,2,inf\na,3,0.5\n", "not a number: row 3", 2, {}),
    "a percent among fractions": ("question,time,p\na,1,0.4\na,2,45\na,3,0.5\n", "out of range: row 3", 2, {}),
    "a fraction among percents": (
        "question,time,p\na,1,40\na,2,0.42\na,3,45\n",
        "fraction among percents: row 3",
        2,
        {"scale": "percent"},
    ),
    "some percent signs": ("question,time,p\na,1,40%\na,2,0.42\na,3,45%\n", "percent and fraction mixed: row 3", 2, {}),
    "time missing": ("question,time,p\na,1,0.4\na,,0.3\na,3,0.5\n", "time missing: row 3", 2, {}),
    "time unreadable": (
        "question,time,p\na,2024-01-01,0.4\na,someday,0.3\na,2024-01-03,0.5\n",
        "time not understood: row 3",
        2,
        {},
    ),
    "zones on some rows": (
        "question,time,p\na,2024-01-01T10:00Z,0.4\na,2024-01-01T11:00,0.3\na,2024-01-01T12:00Z,0.5\n",
        "time zone on some rows only: row 3",
        2,
        {},
    ),
    "duplicate": ("question,time,p\na,1,0.4\na,2,0.3\na,2,0.3\n", "same time and probability twice: row 3", 2, {}),
    "two at one time": ("question,time,p\na,1,0.4\na,2,0.3\na,2,0.5\n", "two probabilities at one time: row 3", 2, {}),
    "event missing": ("question,time,p\na,1,0.4\n,2,0.3\na,3,0.5\n", "event missing: row 3", 2, {}),
    "sums": (
        "question,time,answer,p\nw,1,A,0.6\nw,1,B,0.4\nw,2,A,0.6\nw,2,B,0.47\nw,3,A,0.6\nw,3,B,0.4\n",
        "do not add up to 1: row 4, row 5. The first sum is 1.07",
        4,
        {},
    ),
    "two winners": (
        "question,time,answer,p,outcome\nw,1,A,0.6,yes\nw,1,B,0.4,yes\nv,1,A,0.5,yes\nv,1,B,0.5,no\n",
        "not exactly one answer came true: row 2, row 3",
        2,
        {},
    ),
    "yes and no": (
        "question,time,p,outcome\na,1,0.4,yes\na,2,0.3,no\nb,1,0.5,no\n",
        "contradicting outcomes: row 2, row 3",
        1,
        {},
    ),
    "outcome words": ("question,time,p,outcome\na,1,0.4,maybe\nb,1,0.5,no\n", "outcome not understood: row 2", 1, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_faults_are_named_with_their_rows(name, tmp_path):
    text, said, left, how = BAD[name]
    with pytest.raises(BadTable) as refusal:
        table(tmp_path, text, **how)
    assert said in str(refusal.value) and "--skip-bad" in str(refusal.value)
    r = table(tmp_path, text, skip_bad=True, **how)
    assert r.rows_used == left
    assert sum(problem.count for problem in r.problems) == r.rows - left


def test_all_faults_come_in_one_message(tmp_path):
    with pytest.raises(BadTable) as refusal:
        table(tmp_path, "question,time,p\na,1,0.4\na,2,x\na,,0.3\na,4,7\n" + "".join(f"b,{k},\n" for k in range(9)))
    assert len(refusal.value.problems) == 4
    assert "row 6, row 7, row 8, row 9, row 10 and 4 more" in str(refusal.value)


def test_a_column_of_outcomes_that_names_the_answers_is_recognised(tmp_path):
    text = "time,market,outcome,price\n1,m,Yes,0.6\n1,m,No,0.4\n2,m,Yes,0.7\n2,m,No,0.3\n"
    with pytest.raises(BadTable, match="say --option outcome"):
        table(tmp_path, text)
    found = table(tmp_path, text, columns=Columns(option="outcome"))
    assert streams(found) == {"m / No": [0.4, 0.3], "m / Yes": [0.6, 0.7]}


def test_a_market_export(tmp_path):
    text = "contractId,createdTime,probBefore,probAfter,resolution\n"
    text += "x,1700000000000,0.5,0.6,YES\nx,1700000060000,0.6,0.7,YES\n"
    found = table(tmp_path, text)
    assert streams(found) == {"x": [0.6, 0.7]} and outcomes(found) == {"x": 1}


def test_nothing_left_is_refused_even_with_skip_bad(tmp_path):
    with pytest.raises(BadTable, match="no good row is left"):
        table(tmp_path, "question,time,p\na,,0.3\na,,0.4\n", skip_bad=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  \n\n", "is empty"),
        ("question,time,p\n", "no rows"),
        ("a,1,0.4\n", "no rows"),
        ("1,0.4\n2,0.5\n", "looks like data"),
        ("time,time,p\n1,2,0.3\n", "two columns called 'time'"),
        ('question,time,p\na,1,0.4,5,6\n"b,2,0.5\n', "not a proper table"),
    ],
)
def test_tables_that_are_none(text, said, tmp_path):
    with pytest.raises(BadValue, match=said):
        table(tmp_path, text)


def test_bytes_that_are_no_text(tmp_path):
    with pytest.raises(BadValue, match="line 2"):
        table(tmp_path, "question,time,p\ncafé,1,0.4\n", encoding="latin-1")
    assert streams(table(tmp_path, "question,time,p\ncafé,1,0.4\n", encoding="utf-16")) == {"café": [0.4]}
    assert streams(table(tmp_path, "question,time,p\ncafé,1,0.4\n", encoding="utf-8-sig")) == {"café": [0.4]}
    with pytest.raises(BadValue, match="cannot be read"):
        read(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("question,time,p\na,1,0\na,2,1\na,3,0\n", "fractions, or percents below 1"),
        ("question,time,percent\na,1,0.4\na,2,0.3\n", "called a percentage but no value passes 1"),
        ("question,time,p\na,1,0.4\na,2,30\na,3,50\n", "percents mixed with fractions"),
        ("question,time,price,belief\na,1,0.4,0.6\na,2,0.5,0.5\n", "several columns could hold the probability"),
        ("question,time,size\na,1,130\na,2,250\n", "hold the probability"),
        ("question,p\na,0.4\na,0.5\n", "hold the time"),
        ("thing,time,chance_a,chance_b\nx,1,0.4,0.6\ny,1,0.5,0.5\n", "--event thing"),
        ("team,time,rank,semi,win\nx,1,7,0.3,0.1\nx,2,4,0.4,0.2\n", "--probability semi,win"),
    ],
)
def test_doubts_are_questions(text, said, tmp_path):
    with pytest.raises(Unclear, match=said):
        table(tmp_path, text)


def test_a_wrong_column_name_gets_a_hint(tmp_path):
    with pytest.raises(UnknownName, match="Did you mean 'probability'"):
        table(tmp_path, LONG, columns=Columns(probability=("probabilty",)))


def test_rows_out_of_order_are_sorted_and_said(tmp_path):
    r = table(tmp_path, "question,time,p\na,1,0.4\na,3,0.5\na,2,0.3\na,4,0.6\n")
    assert streams(r) == {"a": [0.4, 0.3, 0.5, 0.6]}
    assert any("rows out of the order of time were sorted: row 4" in note for note in r.notes)


def test_payoffs_and_open_questions(tmp_path):
    r = table(tmp_path, "question,time,p,resolution\na,1,0.4,0.25\nb,1,0.3,N/A\nc,1,0.5,Resolved YES\nd,1,0.5,100\n")
    found = outcomes(r)
    assert (found["a"], found["c"], found["d"]) == (0.25, 1, 1) and np.isnan(found["b"])
    assert any("payoffs" in w for w in r.warnings)


def test_an_outcome_table_that_misses_a_question(tmp_path):
    (tmp_path / "truth.csv").write_text("question,outcome\nrain,yes\n")
    text = LONG.replace(",outcome", ",note")
    with pytest.raises(BadTable, match="outcome missing: row 3, row 5"):
        table(tmp_path, text, outcome_file=tmp_path / "truth.csv")


def test_every_refusal_is_for_people(tmp_path):
    for text, *_ in BAD.values():
        with pytest.raises(ReadoffError) as refusal:
            table(tmp_path, text)
        assert "Traceback" not in str(refusal.value)


def test_a_million_streams_of_one_row(tmp_path):
    n = 20_000
    text = "question,time,p\n" + "".join(f"q{k},1,0.{k % 90 + 10}\n" for k in range(n))
    assert table(tmp_path, text).histories.n_streams == n


def test_the_outcome_column_of_an_outcome_table_wins_over_one_named_like_the_probability(tmp_path):
    """A list of final forecasts and outcomes: the forecasts there are not the truth."""
    (tmp_path / "final.csv").write_text("event,probability,outcome\na,0.9,0\nb,0.1,1\n")
    (tmp_path / "f.csv").write_text("event,time,probability\na,1,0.6\na,2,0.8\nb,1,0.3\nb,2,0.2\n")
    r = read(tmp_path / "f.csv", outcome_file=tmp_path / "final.csv")
    assert outcomes(r) == {"a": 0, "b": 1} and "outcome = column 'outcome' of final.csv" in r.notes


def test_annulled_questions_are_open_and_it_is_said(tmp_path):
    r = table(tmp_path, "event,time,p,outcome\na,1,0.5,annulled\na,2,0.6,annulled\nb,1,0.5,yes\nb,2,0.7,yes\n")
    assert np.isnan(outcomes(r)["a"]) and outcomes(r)["b"] == 1
    assert "outcomes that say 'annulled' are none: these questions are taken as open" in r.notes
