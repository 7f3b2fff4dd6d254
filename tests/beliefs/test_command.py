"""`readoff beliefs` as people type it: a stranger's file, a terminal, a pipe, a page."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from readoff.beliefs.as_json import notable, to_json
from readoff.beliefs.audit import audit
from readoff.beliefs.forecasters import simulate
from readoff.beliefs.noise import Noise
from readoff.beliefs.promises import bound
from readoff.beliefs.reading import read
from readoff.beliefs.streams import histories
from readoff.beliefs.verdict import e_value
from readoff.beliefs.words import duration, reading
from readoff.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples" / "beliefs"
CUP = EXAMPLES / "world-cup-2014"
STAGES = "win_group,sixteen,quarter,semi,cup,win"


def platform_file(tmp_path: Path, kind: str = "noisy", n: int = 60, dates: int = 12) -> Path:
    """A table as a forecasting platform exports it: other columns around, percents, newest first."""
    reports, truth = simulate(kind, n, dates, np.random.default_rng(3), 0.8)
    lines = ["questionId,title,createdTime,community_prediction,nForecasters,resolution"]
    for k in range(n):
        for t in reversed(range(dates)):
            answer = "yes" if truth[k] else "no"
            lines.append(
                f'{k + 7000},"Will it, ever?",2024-02-{t + 1:02d}T{k % 24:02d}:00:00Z,{reports[k, t]:.3f},12,{answer}'
            )
    file = tmp_path / "export.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main(["beliefs", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_strangers_export_needs_no_flags(tmp_path, capsys):
    code, out, _ = run(capsys, platform_file(tmp_path))
    found = json.loads(out)
    assert code == 0 and found["verdict"] == "cannot tell" and found["verdict_if_independent"] == "moves too much"
    assert found["streams"] == 60 and found["resolved"] == 60 and not found["independence_stated"]
    assert "rows were newest first: sorted by time" in found["read_as"]
    assert "not read: title, nForecasters" in found["read_as"]
    movement = found["tests"]["movement"]
    assert movement["log10_evidence"]["more"] < 2.08 < movement["log10_evidence_if_independent"]["more"]
    assert movement["se"] is None and found["clustered_by"] == "each questionId"
    assert "If these questions are independent of each other, say so with --independent" in " ".join(found["reading"])


@pytest.mark.parametrize("flags", [["--independent"], ["--group", "title"]])
def test_independence_is_the_users_word(flags, tmp_path, capsys):
    file = platform_file(tmp_path)
    lines = file.read_text().splitlines()
    of_group = [line.replace('"Will it, ever?"', f"group {k // 24}") for k, line in enumerate(lines[1:])]
    file.write_text("\n".join([lines[0], *of_group]) + "\n")
    found = json.loads(run(capsys, file, *flags)[1])
    assert found["verdict"] == "moves too much" and found["independence_stated"]
    assert found["clusters"] == (60 if flags == ["--independent"] else 30)
    assert found["tests"]["movement"]["se"] > 0 and not found["independence"]["contradicted"]


def test_a_terminal_gets_tables(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    _, out, _ = run(capsys, platform_file(tmp_path), "--independent")
    for said in ("THE FORECASTS MOVE TOO MUCH.", "X = M - R", "X until movement passes ½",
                 "Stated: each questionId is an independent draw", "event = column 'questionId'", "720 reports in",
                 "Brier score", "Sharpness", "Calibration: do forecasts come true", "Large updates",
                 "evidence: what a bet on it made of 1 unit of money; 120 decides"):  # fmt: skip
        assert said in out


def test_the_world_cup_is_one_draw(tmp_path, capsys):
    page = tmp_path / "audit.html"
    flags = ["--probability", STAGES, "--outcomes", CUP / "outcomes.csv", "--cut", "2014-06-27", "--report", page]
    code, out, err = run(capsys, CUP / "snapshots", *flags)
    found = json.loads(out)
    assert code == 0 and found["verdict"] == "cannot tell" and str(page) in err
    assert found["tests"]["movement"]["se"] is None and found["tests"]["movement"]["p_more"] is None
    assert found["independence"]["contradicted"]
    said = " ".join(found["reading"])
    for word in ("add up to a constant", "no standard error exists", "appended", "change of method"):
        assert word in said
    html = page.read_text()
    assert html.count("<svg") == 5 and "no standard error exists" in html and "<script" not in html
    told = json.loads(run(capsys, CUP / "snapshots", *flags[:-2], "--independent")[1])
    assert "WARNING: their simultaneous updates contradict independence" in " ".join(told["reading"])


def test_nothing_is_cut_in_silence(tmp_path, capsys):
    file = tmp_path / "many.csv"
    lines = [f"q{k},1,0.{k % 90 + 10}\nq{k},2,{'x' if k < 20 else '0.5'}" for k in range(300)]
    file.write_text("question,time,p\n" + "\n".join(lines) + "\n")
    found = json.loads(run(capsys, file, "--skip-bad")[1])
    assert len(found["per_stream"]) == 200 and found["per_stream_left_out"] == 100
    (left_out,) = found["left_out"]
    assert left_out["count"] == len(left_out["places"]) == 20 and left_out["places"][1] == "row 5"


def test_who_was_certain_too_soon_is_told_where(tmp_path, capsys):
    file = tmp_path / "certain.csv"
    file.write_text("# exported\nquestion,time,p,outcome\na,1,0.37,no\na,2,1,no\nb,1,0.2,yes\nb,2,0.31,yes\n")
    found = json.loads(run(capsys, file, "--rounding", "0")[1])
    assert found["verdict"] == "certain too soon" and found["certain_too_soon"] == {"count": 1, "first": ["row 4"]}
    assert "row 4" in " ".join(found["reading"]) and "--rounding 0.01" in " ".join(found["reading"])
    assert json.loads(run(capsys, file)[1])["verdict"] == "cannot tell"


def test_columns_are_asked_for_when_in_doubt(capsys):
    code, out, err = run(capsys, CUP / "snapshots")
    assert code == 2 and not out and f"--probability {STAGES}" in err and "Traceback" not in err


def test_the_tiny_example(capsys):
    code, out, _ = run(capsys, EXAMPLES / "tiny.csv")
    found = json.loads(out)
    assert code == 0 and found["resolved"] == 2 and found["movement"] == pytest.approx(0.0533, abs=1e-4)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--percent", "--fraction"], "--percent and --fraction contradict each other"),
        (["--exclusive", "--separate"], "--exclusive and --separate contradict"),
        (["--group", "titel"], "Did you mean 'title'"),
        (["--cut", "someday"], "--cut 'someday' is no time"),
        (["--alpha", "2"], "alpha lies between 0 and 1"),
        (["--rounding", "-1"], "a grid such as 0.01"),
        (["--outcomes", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["--noise", "nan"], "sd lies between 0 and 1"),
        (["--noise", "inf"], "sd lies between 0 and 1"),
        (["--margin", "nan"], "a margin is above 0"),
        (["--margin", "inf"], "a margin is above 0"),
        (["--time-format", "%Q"], "'Q' is a bad directive"),
    ],
)
def test_mistakes_are_one_sentence(flags, said, tmp_path, capsys):
    code, out, err = run(capsys, platform_file(tmp_path, n=3, dates=3), *flags)
    assert code == 2 and not out and said in err and "Traceback" not in err


def test_what_was_found_stands_although_the_report_cannot_be_written(tmp_path, capsys):
    code, out, err = run(capsys, platform_file(tmp_path, n=3, dates=3), "--report", "/nowhere/audit.html")
    assert code == 2 and json.loads(out)["streams"] == 3
    assert "the report cannot be written to /nowhere/audit.html" in err and "Traceback" not in err


def test_a_time_without_end_is_named(tmp_path, capsys):
    file = tmp_path / "endless.csv"
    file.write_text("question,time,p\na,1,0.4\na,1e400,0.5\na,3,0.5\n")
    code, _, err = run(capsys, file)
    assert code == 2 and "time is no finite number: row 3" in err


def test_bad_rows_are_refused_or_counted(tmp_path, capsys):
    file = tmp_path / "bad.csv"
    file.write_text("question,time,p\na,1,0.4\na,2,\na,3,0.5\na,4,0.6\n")
    code, _, err = run(capsys, file)
    assert code == 2 and "probability missing: row 3" in err
    code, out, _ = run(capsys, file, "--skip-bad")
    found = json.loads(out)
    assert code == 0 and found["left_out"] == [{"kind": "probability missing", "count": 1, "places": ["row 3"]}]
    assert (found["rows"], found["rows_used"]) == (4, 3)


def test_standard_input(tmp_path, capsys, monkeypatch):
    text = platform_file(tmp_path, n=4, dates=3).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    code, out, _ = run(capsys, "-")
    assert code == 0 and json.loads(out)["streams"] == 4


def test_caveats_are_repeated(tmp_path, capsys):
    file = platform_file(tmp_path, n=3, dates=3)
    found = json.loads(run(capsys, "--caveat", "made up", "--caveat", "small", file)[1])
    assert found["caveats"][:2] == ["made up", "small"]


def test_numbered_cut(tmp_path, capsys):
    file = tmp_path / "n.csv"
    file.write_text("question,time,p\na,1,0.4\na,2,0.45\na,3,0.5\na,4,0.6\n")
    assert json.loads(run(capsys, file, "--cut", "2.5")[1])["streams"] == 2
    assert run(capsys, file, "--cut", "May")[0] == 2


def test_importing_the_command_loads_nothing_heavy():
    heavy = "numpy pandas scipy altair jax jinja2 rich".split()
    code = f"import sys, readoff.cli.beliefs; print([m for m in {heavy!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() in ("[]", "['numpy']")


def test_the_page_escapes_and_repeats(tmp_path):
    file = tmp_path / "x.csv"
    evil = "</svg><script>alert(1)</script>"
    file.write_text(
        "question,time,p,outcome\n" + "".join(f'"{evil} {k}",{t},0.{t + 2},yes\n' for k in range(3) for t in range(4))
    )
    found = read(file)
    from readoff.report.forecasts import render

    a = audit(found.histories)
    page = render(a, found)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert page == render(audit(read(file).histories), found)
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert len(page) < 300_000


def test_the_page_of_nothing(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("question,time,p\na,1,0.4\nb,1,0.3\n")
    found = read(file)
    from readoff.report.forecasts import render

    page = render(audit(found.histories), found)
    assert "<svg" not in page and "cannot tell" in page


@pytest.mark.parametrize("independent", [False, True])
def test_the_page_shows_the_money_that_decides(independent, tmp_path, capsys):
    page = tmp_path / "audit.html"
    run(capsys, platform_file(tmp_path), "--report", page, *["--independent"] * independent)
    html = page.read_text()
    assert ("carried from cluster to cluster" in html) == independent
    assert ("split evenly over all streams, which is fair however they hang together, had" in html) != independent
    # What the bound needs is said in the list and under the figure.
    joint = "rational given the history of all streams, not just of its own"
    assert html.count("at one date that is fixed beforehand") == html.count(joint) == (0 if independent else 3)
    assert html.count("at whatever date one looks, if clusters are independent, as stated") == (3 if independent else 0)


def test_looking_again_and_again_needs_more_than_a_fixed_date(tmp_path, capsys):
    file = platform_file(tmp_path)
    unstated, told = (json.loads(run(capsys, file, *flags)[1]) for flags in ([], ["--independent"]))
    assert "0.0083 at one date that is fixed beforehand, however the streams" in unstated["evidence_bound"]
    assert "only if every forecast is rational given the history of all streams" in unstated["settles"]
    assert unstated["evidence_bound"] in unstated["reading"] and told["evidence_bound"] in told["reading"]
    assert told["evidence_bound"].endswith("at whatever date one looks, if clusters are independent, as stated.")
    one = audit(histories([[0.2, 0.85, 0.05]], outcomes=[0]))
    assert bound(one).endswith("at whatever date one looks.") and "given the history" not in one.settles
    reports = simulate("steady", 12, 4, np.random.default_rng(0))[0]
    grouped = audit(histories(reports, groups=[k // 2 for k in range(12)]), independent=True)
    assert "given the history of all streams of its cluster" in bound(grouped)


def test_words():
    assert [e_value(x) for x in (-1.2, 0.0, 1.5, 7.74, 60.0)] == ["0.3", "1", "4.5", "2,298", "10^26"]
    assert [duration(x, True) for x in (60, 90, 3600, 86400, 129600, 30)] == [
        "1 minute", "1.5 minutes", "1 hour", "1 day", "1.5 days", "30 seconds"]  # fmt: skip
    assert duration(1, False) == "1 unit of time" and duration(4, False) == "4 units of time"
    h = histories([[0.4, 0.4 + k / 1000] for k in range(1, 300)])
    a = audit(h, noise=Noise())
    assert len(notable(a, 200)) == 200 and notable(a, 200)[0] == 298
    assert json.dumps(to_json(a), allow_nan=False)
    assert reading(audit(histories([[0.5]])))[0].startswith("No stream has two beliefs")
    rising = audit(histories([[0.2, 0.3, 0.4, 0.5, 0.6, 0.7]] * 60, outcomes=[1] * 60), independent=True)
    assert rising.verdict == "drifts" and "rise" in to_json(rising)["headline"]


def test_none_of_many_draws_is_a_bound_and_not_0():
    said = " ".join(reading(audit(histories([[0.2, 0.85, 0.05, 0.9, 0.1]], outcomes=[0]), noise=Noise())))
    assert "below 0.0003 (none of 10,000)" in said
    surely = " ".join(reading(audit(histories([[0.0, 1.0], [1.0, 0.0]], outcomes=[0, 1]), noise=Noise())))
    assert "No rational forecaster moves at all from forecasts of 0 and 1" in surely
