"""The set-up script, run in a copy of the checkout against stand-in Pythons, so that nothing is downloaded.

A stand-in is a shell script that answers what `run` asks of a Python: its version, whether it has venv, to make an
environment, to install. It writes down every installation, so a test can count them.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = ["run", "pyproject.toml", "constraints.txt"]

STAND_IN = """#!/bin/sh
case "$*" in
*version_info\\[*) echo {version} ;;
*"< (3, 11)"*) exit {too_old} ;;
*ensurepip*) exit {no_venv} ;;
--version) echo Python {version} ;;
*"import pip") [ -e "$(dirname "$0")/pip" ] ;;
"-m venv --clear "*)
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && : >"$4/bin/pip" && echo venv >>"{log}"
    printf '#!/bin/sh\\necho readoff in "$(pwd)": "$@"\\n' >"$4/bin/readoff" && chmod +x "$4/bin/readoff" ;;
"-m pip "*) echo install >>"{log}" && [ ! -e "{log}.broken" ] ;;
"-m pytest"*) echo pytest in "$(pwd)": "$@" ;;
*) echo "unexpected: $*" >&2 && exit 99 ;;
esac
"""


class Checkout:
    """A copy of the set-up files in a folder with a space in its name, with a stand-in Python beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "my checkout"
        self.folder.mkdir()
        self.log = folder / "log"
        self.python = folder / "python"
        for name in FILES:
            shutil.copy2(ROOT / name, self.folder / name)
        self.stand_in()

    def stand_in(self, version: str = "3.12", too_old: int = 0, no_venv: int = 0) -> None:
        self.python.write_text(STAND_IN.format(version=version, too_old=too_old, no_venv=no_venv, log=self.log))
        self.python.chmod(0o755)

    def run(self, *arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "run"), *arguments],
            cwd=cwd or self.folder,
            env={"PATH": os.environ["PATH"], "PYTHON": str(self.python)} | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def logged(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_help_and_mistakes_install_nothing(checkout):
    assert checkout.run("--help").returncode == 0
    assert "usage: ./run COMMAND" in checkout.run("--help").stdout
    assert checkout.run().returncode == 2
    wrong = checkout.run("chekc")
    assert wrong.returncode == 2 and "no command is called 'chekc'" in wrong.stderr
    assert checkout.logged() == []


def test_commands_pass_their_arguments_on(checkout, tmp_path):
    """`check` stays in the caller's folder, where the caller's file is; `test` goes to the checkout."""
    check = checkout.run("check", "my claims.py", "--json", cwd=tmp_path)
    assert (check.returncode, check.stdout) == (0, f"readoff in {tmp_path}: check my claims.py --json\n")
    test = checkout.run("test", "-m", "slow", cwd=tmp_path)
    assert (test.returncode, test.stdout) == (0, f"pytest in {checkout.folder}: -m pytest -m slow\n")
    assert checkout.run("readoff", "claims").stdout == f"readoff in {checkout.folder}: claims\n"


def test_installs_once(checkout):
    first = checkout.run("setup")
    assert first.returncode == 0 and first.stdout == "" and "Python 3.12" in first.stderr
    assert checkout.logged() == ["venv", "install"]
    again = checkout.run("setup")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert checkout.logged() == ["venv", "install"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_installs_again_when_a_requirement_changes(checkout, name):
    checkout.run("setup")
    with (checkout.folder / name).open("a") as file:
        file.write("# changed\n")
    assert checkout.run("setup").returncode == 0
    assert checkout.logged() == ["venv", "install", "install"]


def test_installs_again_when_the_checkout_has_moved(checkout):
    """An editable installation and its scripts name the folder that they were made in."""
    checkout.run("setup")
    checkout.folder = checkout.folder.rename(checkout.folder.parent / "elsewhere")
    assert checkout.run("setup").returncode == 0
    assert checkout.logged() == ["venv", "install", "install"]


def test_takes_up_an_interrupted_installation(checkout):
    broken = Path(f"{checkout.log}.broken")
    broken.touch()
    failed = checkout.run("check")
    assert failed.returncode == 2 and failed.stdout == "" and "takes it up again" in failed.stderr
    broken.unlink()
    assert checkout.run("check").returncode == 0
    assert checkout.logged() == ["venv", "install", "install"]


def test_does_not_trust_the_stamp_of_before_an_interruption(checkout):
    """Changed, interrupted half-way, changed back: what is installed is not what the old stamp says."""
    checkout.run("setup")
    constraints = checkout.folder / "constraints.txt"
    before = constraints.read_text()
    constraints.write_text(before + "# changed\n")
    broken = Path(f"{checkout.log}.broken")
    broken.touch()
    assert checkout.run("setup").returncode == 2
    broken.unlink()
    constraints.write_text(before)
    assert checkout.run("setup").returncode == 0
    assert checkout.logged() == ["venv", "install", "install", "install"]


def test_makes_a_broken_environment_anew(checkout):
    checkout.run("setup")
    (checkout.folder / ".venv/bin/python").unlink()
    assert checkout.run("setup").returncode == 0
    assert checkout.logged() == ["venv", "install"] * 2


def test_a_python_that_is_too_old_is_named(checkout):
    checkout.stand_in(version="3.9", too_old=1)
    result = checkout.run("check")
    assert result.returncode == 2 and "is 3.9, too old" in result.stderr and "3.11 or newer" in result.stderr


def test_a_missing_venv_module_is_named(checkout):
    checkout.stand_in(no_venv=1)
    result = checkout.run("check")
    assert result.returncode == 2 and "apt-get install python3.12-venv" in result.stderr


def test_no_python_at_all(checkout, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ["sh", "dirname", "cat", "cksum", "rm"]:
        (tools / name).symlink_to(shutil.which(name) or name)
    result = checkout.run("check", PATH=str(tools), PYTHON="")
    assert result.returncode == 2 and "None of these runs: python3" in result.stderr


def test_bench_lists_and_names_what_is_missing(checkout):
    (checkout.folder / "benchmarks").mkdir()
    (checkout.folder / "benchmarks" / "training.py").touch()
    assert checkout.run("bench").stdout.splitlines()[1:] == ["  training"]
    missing = checkout.run("bench", "trainning")
    assert missing.returncode == 2 and "no benchmark is called 'trainning'" in missing.stderr


def test_constraints_pin_versions_and_name_no_host():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines and all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    project = (ROOT / "pyproject.toml").read_text()
    required = re.findall(r'"([A-Za-z0-9-]+)(?:\[\w+\])?>=', project.partition("[project.scripts]")[0])
    oracles = {"transformer-lens"}
    assert {name.lower() for name in required} - oracles <= pinned
    assert not pinned & {"torch", "readoff", *oracles}


def test_ci_ends_with_the_tests():
    """The last line that CI prints is the summary of pytest, whether or not lint passed."""
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line.strip()]
    assert lines[-2:] == ["./run test", 'exit "$lint"']
    for script, shell in [("run", "sh"), (".ci/run", "bash")]:
        assert subprocess.run([shell, "-n", str(ROOT / script)]).returncode == 0
        assert os.access(ROOT / script, os.X_OK)
