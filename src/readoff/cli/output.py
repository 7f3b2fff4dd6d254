"""What people look at: a table on a terminal, JSON in a pipe, progress on stderr.

    claim               verdict    how far                         number     known   why
    pairs/facts         HOLDS      EveryInput, CERTIFIED           2.252734   2.25273 yes
    pairs/two-heads     HOLDS      64 of 64 seeds, ENUMERATED      1.000                  at least 0.954, above ...

Colours repeat what the words say and never carry it alone.
"""

import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from readoff import __version__
from readoff.claims.runner import Checked
from readoff.claims.scope import EXPLORATION
from readoff.claims.verdict import VERDICTS, to_json

COLOURS = {
    "HOLDS": "green",
    "FAILS": "red",
    "UNDECIDED": "yellow",
    "VACUOUS": "magenta",
    "UNCONTROLLED": "magenta",
    "ERROR": "bold red",
}


def check_object(checked: Checked, profile: str, device: str) -> dict[str, Any]:
    """The one object that `check --json` prints."""
    return {
        "readoff": __version__,
        "profile": profile,
        "seconds": round(checked.seconds, 3),
        "device": device,
        "claims": [to_json(record) for record in checked.records],
    }


def print_json(value: Any) -> None:
    """One JSON text on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_verdicts(checked: Checked, notes: Sequence[str] = ()) -> None:
    """The table of verdicts, the counts, and notes below."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("claim", "verdict", "how far", "number", "known", "why"):
        table.add_column(title, overflow="fold", no_wrap=title in ("verdict", "number"))
    for record in checked.records:
        verdict = record["verdict"]
        cells = (record["id"], f"[{COLOURS[verdict]}]{verdict}[/]", how_far(record), number(record), known(record))
        table.add_row(*cells, _escaped(record["reason"]))
    console = _console(sys.stdout)
    console.print(table)
    console.print(_escaped(summary_line(checked)))
    for note in notes:
        console.print(_escaped(note))


def summary_line(checked: Checked) -> str:
    """Counts per verdict, how many were stored ones, and the time."""
    counts = Counter(record["verdict"] for record in checked.records)
    parts = [f"{counts[name]} {name}" for name in VERDICTS if counts[name]]
    reused = sum(bool(record["reused"]) for record in checked.records)
    stored = f"; {reused} of {len(checked.records)} unchanged and not judged again" if reused else ""
    stopped = "; interrupted, the rest was not judged" if checked.interrupted else ""
    start = f"EXPLORATION on seeds {EXPLORATION:,} and up, no verdicts, nothing stored: " if checked.exploring else ""
    return f"{start}{', '.join(parts) or 'no verdicts'} in {checked.seconds:.1f} s{stored}{stopped}."


def how_far(record: Mapping[str, Any]) -> str:
    """Scope and both strengths in a few words."""
    parts = [record["scope"] or "", record["inputs"] or "", record["networks"] or ""]
    source = {"zoo": "from the zoo"}.get(record["networks_from"] or "")
    return ", ".join(part for part in (*parts, source) if part)


def number(record: Mapping[str, Any]) -> str:
    """The headline value with its interval."""
    value, interval = record["value"], record["interval"]
    if value is None:
        return ""
    if interval is None or interval[0] == interval[1]:
        return f"{value:.6g}"
    if interval[1] - interval[0] < 1e-6 * max(1.0, abs(value)):
        return f"{value:.9g}"
    return f"{value:.3g} [{interval[0]:.3g}, {interval[1]:.3g}]"


def known(record: Mapping[str, Any]) -> str:
    """The known value, whether ours agrees, and what was compared where that is not the number shown."""
    compared = record.get("known_number") or "rate"
    shown = (record.get("headline") or compared) if record["scope"] != "Seeds" else "rate"
    what = "" if compared in (shown, "rate") or record["agrees"] == "not comparable" else f"({compared})"
    return " ".join(part for part in (record["known"], _agreement(record["agrees"]), what) if part)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table on stdout."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(_escaped, row))
    _console(sys.stdout).print(table)


class Lines:
    """Progress as lines on stderr: one per verdict, as it comes. On a terminal the claim at work is shown as well."""

    def __init__(self) -> None:
        self._total, self._done = 0, 0
        self._terminal = sys.stderr.isatty()

    def started(self, total: int) -> None:
        self._total = total

    def working(self, claim_id: str) -> None:
        if self._terminal:
            self._write(f"\r\x1b[2K{self._done}/{self._total} {claim_id} ...", end="")

    def found(self, record: Mapping[str, Any]) -> None:
        self._done += 1
        stored = "unchanged" if record["reused"] else f"{record['seconds']:.1f} s"
        start = "\r\x1b[2K" if self._terminal else ""
        self._write(f"{start}{record['verdict']:<12} {record['id']} ({stored})")

    def _write(self, text: str, end: str = "\n") -> None:
        print(text, end=end, file=sys.stderr, flush=True)


def device() -> str:
    """What the networks ran on, if JAX was needed; else the processor."""
    jax = sys.modules.get("jax")
    kind = "cpu"
    with contextlib.suppress(RuntimeError, AssertionError):  # JAX_PLATFORMS names what is not here: nothing ran on it
        kind = jax.devices()[0].device_kind if jax is not None else "cpu"
    return f"{kind} ({os.cpu_count()} cores)"


def _agreement(agrees: str | None) -> str:
    return {"yes": "agrees", "no": "DIFFERS", "not comparable": "(context)"}.get(agrees or "", "")


def _console(stream: TextIO) -> Any:
    from rich.console import Console

    width = None if stream.isatty() else 160
    return Console(file=stream, highlight=False, width=width)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
