"""The command line: exit codes, JSON, mistakes without tracebacks, and what is not imported."""

import json
import os
import subprocess
import sys
import time

import pytest

from readoff.cli.main import COMMANDS, main

ONE = """
from readoff.claims import EveryInput, OnTask, claim, enumerated, on_task
from readoff.tasks import Pairs

print("a file may print")

def size(task):
    print("and a measure too")
    return enumerated(inputs=task.domain_size())

@claim("mine/size", says="The task has 4704 inputs.", about=OnTask(Pairs()), scope=EveryInput(), measure=size,
       must_fail=[on_task("five", n_signal=5)])
def small(n):
    return n["inputs"] == 4704
"""

MORE = (
    ONE
    + """
@claim("mine/other", says="The task has 3 inputs.", about=OnTask(Pairs()), scope=EveryInput(), measure=size)
def tiny(n):
    return n["inputs"] == 3

@claim("mine/any", says="The task has inputs.", about=OnTask(Pairs()), scope=EveryInput(), measure=size)
def some(n):
    return n["inputs"] > 0
"""
)

STOP = (
    ONE
    + """
@claim("mine/zz", says="S", about=OnTask(Pairs()), scope=EveryInput(), measure=size)
def stop(n):
    raise KeyboardInterrupt
"""
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "mine.py").write_text(MORE)
    (tmp_path / "one.py").write_text(ONE)
    return tmp_path


def run(capsys, *arguments):
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_json_of_a_file(here, capsys):
    code, out, err = run(capsys, "check", "one.py")
    found = json.loads(out)
    assert code == 0 and list(found) == ["readoff", "profile", "seconds", "device", "claims"]
    assert [c["verdict"] for c in found["claims"]] == ["HOLDS"] and found["profile"] == "quick"
    assert "a file may print" in err and "HOLDS        mine/size" in err
    assert (here / ".readoff" / "ledger.sqlite").exists()
    again = json.loads(run(capsys, "check", "one.py")[1])
    assert again["claims"][0]["reused"] is True
    assert json.loads(run(capsys, "check", "one.py", "--fresh")[1])["claims"][0]["reused"] is False


def test_a_check_of_one_s_own_file_writes_the_report(here, capsys):
    _, _, err = run(capsys, "check", "one.py")
    assert "Report: .readoff/report.html" in err
    assert "mine/size" in (here / ".readoff" / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_a_sentence():
    start = "import sys; from readoff.cli.main import main; sys.exit(main())"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", start, "claims"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "readoff: No space left on device.\n")


def test_help_ends_on_the_narrowest_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "3")
    assert run(capsys, "check", "--help")[0] == 0


def test_a_verdict_is_used_again_in_another_process_and_folder(here):
    def verdict(seed, folder):
        folder.mkdir(exist_ok=True)
        (folder / "one.py").write_text(ONE)
        command = [sys.executable, "-c", "from readoff.cli.main import main; main()", "check", "one.py"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([*command, "--store", str(here / "s")], cwd=folder, env=environment, capture_output=True)
        return json.loads(done.stdout)["claims"][0]

    assert verdict("1", here / "a")["reused"] is False
    assert verdict("2", here / "b")["reused"] is True


def test_what_does_not_come_out_is_exit_1(here, capsys):
    code, out, _ = run(capsys, "check", "mine.py", "--store", "elsewhere")
    verdicts = {c["id"]: c["verdict"] for c in json.loads(out)["claims"]}
    assert code == 1 and verdicts == {"mine/size": "HOLDS", "mine/other": "FAILS", "mine/any": "VACUOUS"}
    assert (here / "elsewhere").is_dir() and not (here / ".readoff").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "no command is called 'chek'. Did you mean 'check'"),
        (["check", "nothing.py"], "there is no file nothing.py"),
        (["check", "bad.py"], "bad.py, line 1"),
        (["check", "empty.py"], "defines no claims"),
        (["check", "mine.py", "--seeds", "0"], "--seeds 0: expected a number from 1 to 100,000"),
        (["check", "mine.py", "--seeds", "100000000"], "expected a number from 1 to 100,000"),
        (["check", "mine.py", "mine.py", "copy.py"], "two claims are called mine/size"),
        (["check", "one.py", "--explore", "--report", "r.html"], "keeps no verdicts"),
        (["check", "mine.py", "--store", "mine.py"], "mine.py"),
    ],
)
def test_mistakes_are_exit_2_and_a_sentence(here, capsys, arguments, message):
    (here / "bad.py").write_text("def f(:\n")
    (here / "empty.py").write_text("")
    (here / "copy.py").write_text(ONE)
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and message in err and "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [["check", "--sed", "3"], ["check", "--seeds", "many"], ["check", "--profile", "slow"]]
)
def test_wrong_flags_are_exit_2(here, capsys, arguments):
    code, _, err = run(capsys, *arguments)
    assert code == 2 and "Traceback" not in err


def test_a_broken_file_beside_good_ones_is_an_error_verdict(here, capsys):
    (here / "bad.py").write_text("x = 1\ny = 1 / 0\n")
    code, out, _ = run(capsys, "check", "one.py", "bad.py")
    found = {c["id"]: c for c in json.loads(out)["claims"]}
    assert code == 1 and found["mine/size"]["verdict"] == "HOLDS" and found["bad.py"]["verdict"] == "ERROR"
    assert "line 2: ZeroDivisionError" in found["bad.py"]["reason"]


def test_an_interrupt_is_exit_130_and_keeps_what_is_done(here, capsys):
    (here / "one.py").write_text(STOP)
    code, out, _ = run(capsys, "check", "one.py")
    assert code == 130 and [c["id"] for c in json.loads(out)["claims"]] == ["mine/size"]
    assert json.loads(run(capsys, "check", "one.py")[1])["claims"][0]["reused"] is True


def test_a_file_named_twice_is_taken_once(here, capsys):
    code, out, _ = run(capsys, "check", "one.py", str(here / "one.py"))
    assert code == 0 and [c["id"] for c in json.loads(out)["claims"]] == ["mine/size"]


def test_what_was_found_is_printed_although_the_report_cannot_be_written(here, capsys):
    code, out, err = run(capsys, "check", "one.py", "--report", "no/such/folder/r.html")
    assert code == 2 and json.loads(out)["claims"][0]["verdict"] == "HOLDS"
    assert "the report could not be written to no/such/folder/r.html" in err and "Traceback" not in err


def test_what_was_found_is_printed_although_the_store_cannot_be_written(here, capsys, monkeypatch):
    from readoff.store import Store, StoreError

    run(capsys, "check", "one.py")

    def full(self):
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "transaction", full)
    for reused, options in ((True, ()), (False, ("--fresh",))):
        code, out, err = run(capsys, "check", "one.py", *options)
        (found,) = json.loads(out)["claims"]
        assert code == 2 and (found["verdict"], found["reused"]) == ("HOLDS", reused)
        assert err.count("the disk is full") == 1


def test_a_judge_that_leaves_ends_no_run(here, capsys):
    leaving = MORE.replace('return n["inputs"] == 3', "import sys; sys.exit(0)")
    (here / "leaves.py").write_text(leaving)
    code, out, _ = run(capsys, "check", "leaves.py")
    verdicts = {c["id"]: c["verdict"] for c in json.loads(out)["claims"]}
    assert code == 1 and verdicts == {"mine/size": "HOLDS", "mine/other": "ERROR", "mine/any": "VACUOUS"}


def test_helpers_of_one_name_in_two_folders(here, capsys):
    for folder, number in (("a", 4704), ("b", 3)):
        (here / folder).mkdir()
        (here / folder / "sizes.py").write_text(f"SIZE = {number}\n")
        text = ONE.replace("4704\n", "sizes.SIZE\n").replace("mine/size", f"{folder}/size")
        (here / folder / "claims.py").write_text("import sizes\n" + text)
    _, out, _ = run(capsys, "check", "a/claims.py", "b/claims.py")
    assert {c["id"]: c["verdict"] for c in json.loads(out)["claims"]} == {"a/size": "HOLDS", "b/size": "FAILS"}


def test_exploration_is_named_and_kept_nowhere(here, capsys):
    code, out, err = run(capsys, "check", "one.py", "--explore")
    assert code == 0 and json.loads(out)["claims"][0]["reason"].startswith("EXPLORATION, no verdict")
    assert "EXPLORATION on seeds 1,000,000 and up" in err and not (here / ".readoff" / "report.html").exists()
    again = json.loads(run(capsys, "check", "one.py")[1])["claims"][0]
    assert again["reused"] is False and "EXPLORATION" not in again["reason"]


def test_the_command_can_be_typed_again(here, capsys):
    from readoff.store import Store
    from readoff.store.verdicts import last_check

    run(capsys, "check", "mine.py", "--seeds", "40")
    with Store(here / ".readoff") as store:
        assert last_check(store)["command"] == "readoff check mine.py --profile quick --seeds 40"


def test_an_interrupted_run_says_so_in_a_pipe_and_counts_what_was_judged(here, capsys):
    (here / "one.py").write_text(STOP)
    _, _, err = run(capsys, "check", "one.py")
    assert "interrupted, the rest was not judged" in err and "no statistical claims" in err


def test_words_that_no_text_can_hold(here, capsys):
    (here / "one.py").write_text(ONE.replace('n["inputs"] == 4704', "open('\\udcff')"))
    code, out, err = run(capsys, "check", "one.py")
    assert code == 1 and json.loads(out)["claims"][0]["verdict"] == "ERROR" and "Traceback" not in err
    assert run(capsys, "report", "--out", "r.html")[0] == 0
    (here / "one.py").write_text(ONE.replace("The task has", "\\udcff"))
    code, _, err = run(capsys, "check", "one.py")
    assert code == 2 and "no text" in err


def test_a_newer_store_is_refused(here, capsys):
    import sqlite3

    run(capsys, "check", "one.py")
    with sqlite3.connect(here / ".readoff" / "ledger.sqlite") as connection:
        connection.execute("PRAGMA user_version = 7")
    code, _, err = run(capsys, "check", "one.py")
    assert code == 2 and "another version of readoff" in err


def test_claims_and_statements(here, capsys):
    code, out, _ = run(capsys, "claims", "one.py")
    assert code == 0 and json.loads(out)[0]["must_fail"] == ["five"]
    code, out, _ = run(capsys, "statements", "pairs/rank-3-impossible")
    assert code == 0 and json.loads(out)[0]["standing"] == "open"
    code, _, err = run(capsys, "statements", "pears")
    assert code == 2 and "no statement is called 'pears'" in err


def test_help_and_version(capsys):
    assert run(capsys, "--help")[0] == 0 and run(capsys, "--version")[0] == 0
    code, out, _ = run(capsys)
    assert code == 2 and "usage: readoff" in out
    code, out, _ = run(capsys, "check", "--help")
    assert code == 0 and "--strict" in out


def test_every_mounted_module_has_its_function():
    import importlib
    import importlib.util

    for target, _ in COMMANDS.values():
        module, function = target.split(":")
        if importlib.util.find_spec(module) is not None:
            assert callable(getattr(importlib.import_module(module), function)), target


@pytest.mark.parametrize("module", ["readoff.cli.main", "readoff.cli.check", "readoff.cli.listing", "readoff.claims"])
def test_heavy_packages_are_not_imported(module):
    code = (
        f"import {module}, sys; print(*[m for m in ('jax', 'scipy', 'xarray', 'altair', 'optax') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_help_is_quick():
    command = [sys.executable, "-c", "from readoff.cli.main import main; main(['--help'])"]
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    assert time.perf_counter() - began < (0.5 if os.getloadavg()[0] < 1 else 3.0)


def test_a_closed_pipe_is_no_error(here):
    command = (
        f"{sys.executable} -c 'from readoff.cli.main import main; import sys; sys.exit(main())' claims one.py | true"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr and done.returncode == 0


def test_a_terminal_gets_a_table(here):
    import pty

    read, write = pty.openpty()
    code = "from readoff.cli.main import main; import sys; sys.exit(main(['check', 'one.py']))"
    done = subprocess.Popen(
        [sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, env={**os.environ, "COLUMNS": "150"}
    )
    _, err = done.communicate(timeout=60)
    os.close(write)
    shown = os.read(read, 20_000).decode()
    os.close(read)
    assert done.returncode == 0, err
    assert "mine/size" in shown and "HOLDS" in shown and "1 HOLDS in" in shown and "{" not in shown
