"""The command `readoff`: one table of subcommands, each imported only when it is called.

Every command is a plain function with typed parameters (tyro makes its flags and its help) that returns an exit code or
None. To add one, write the function and add one line to `COMMANDS`.

Exit codes: 0 fine, 1 a claim did not come out, 2 usage (or nothing could be written), 130 interrupted. A user's mistake
is one sentence on stderr. Whatever no text can hold (bytes of a file name) is printed with backslashes.
"""

import contextlib
import functools
import importlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

from readoff import __version__
from readoff.core.errors import BadValue, ReadoffError, UnknownName

COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("readoff.cli.check:check", "check claims: the shipped ones, some of them, or a file of your own"),
    "claims": ("readoff.cli.listing:claims", "list the claims"),
    "statements": ("readoff.cli.listing:statements", "list what sources say, and how each statement stands"),
    "report": ("readoff.cli.report:report", "write the report of the last check as one HTML file"),
    "train": ("readoff.cli.train:train", "train networks on a task"),
    "runs": ("readoff.cli.networks:runs", "list the trained networks in the store"),
    "show": ("readoff.cli.networks:show", "show a recipe and how its networks came out"),
    "read": ("readoff.cli.networks:read", "read a circuit table (evou, eqke, ...) off a network"),
    "rival": ("readoff.cli.rival:rival", "look for a network that a claim does not expect"),
    "import": ("readoff.cli.networks:import_", "take in weights of another tool"),
    "export": ("readoff.cli.networks:export", "write weights in another tool's format"),
    "beliefs": ("readoff.cli.beliefs:beliefs", "audit a history of forecasts"),
    "verify": ("readoff.cli.zoo:verify", "check the shipped weights against their hashes and verdicts"),
    "reproduce": ("readoff.cli.zoo:reproduce", "train the shipped networks anew and compare"),
}


NARROWEST = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code (the console script passes it to the shell)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if shutil.get_terminal_size().columns < NARROWEST:
        os.environ["COLUMNS"] = str(NARROWEST)  # help that is narrower than its margins has no end
    try:
        code = _run(given)
        sys.stdout.flush()
        return code
    except ReadoffError as error:
        print(f"readoff: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("readoff: interrupted; what was finished is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone; nothing more to say, and nothing to flush
        _give_up_stdout()
        return 0
    except OSError as error:
        print(f"readoff: {error.strerror or error}{f': {error.filename}' if error.filename else ''}.", file=sys.stderr)
        _give_up_stdout()
        return 2


def _give_up_stdout() -> None:
    """What cannot be written is not tried once more when the program ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(given: list[str]) -> int:
    if not given or given[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if given else 2
    if given[0] in ("-V", "--version"):
        print(f"readoff {__version__}")
        return 0
    available = [name for name in COMMANDS if _present(name)]
    if given[0] not in available:
        raise UnknownName("command", given[0], available)
    import tyro

    module, function = COMMANDS[given[0]][0].split(":")
    command = _staying(getattr(importlib.import_module(module), function))
    config = (tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff)
    try:
        return tyro.cli(command, prog=f"readoff {given[0]}", args=given[1:], config=config) or 0
    except SystemExit as stop:  # tyro has printed its help (0) or its complaint (2)
        return stop.code if isinstance(stop.code, int) else 2


def _staying(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command; a `sys.exit()` in somebody's file is a mistake there and not the end of it."""

    @functools.wraps(command)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return command(*arguments, **named)
        except SystemExit as stop:
            raise BadValue(
                f"code that was called ended the program (sys.exit({stop.code!r})); take that out."
            ) from stop

    return call


def _present(name: str) -> bool:
    return importlib.util.find_spec(COMMANDS[name][0].split(":")[0]) is not None


def _overview() -> str:
    lines = ["usage: readoff COMMAND [ARGUMENT ...]", "", "A test runner for claims about small neural networks.", ""]
    lines += [f"  {name:<12}{help}" for name, (_, help) in COMMANDS.items() if _present(name)]
    return "\n".join([*lines, "", "`readoff COMMAND --help` explains one; `readoff check` is the place to start."])
