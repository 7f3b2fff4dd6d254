"""`readoff report`: the ledger as one HTML file that needs nothing else.

readoff report                          writes readoff-report.html
readoff report --out results.html
"""

import sys
from pathlib import Path

from readoff.cli.listing import shipped_statements, statement_row
from readoff.core.errors import BadValue
from readoff.store import Store
from readoff.store.verdicts import latest


def report(store: Path = Path(".readoff"), out: Path = Path("readoff-report.html")) -> int:
    """Write the report of everything in the ledger as one HTML file.

    Args:
        store: folder of the ledger.
        out: the file to write; an older one is replaced.
    """
    if not (store / "ledger.sqlite").exists():
        raise BadValue(f"{store} holds no ledger yet. Run `readoff check` first, or name its folder: --store DIR.")
    with Store(store) as opened:
        size = write_report(opened, out)
        for warning in opened.warnings:
            print(f"readoff: {warning}", file=sys.stderr)
    print(f"{out} ({size / 1000:,.0f} kB)")
    return 0


def write_report(store: Store, path: Path) -> int:
    """Write the report of an open store; the number of bytes. Raises `BadValue` where nothing can be written."""
    from readoff.report.ledger import from_store
    from readoff.report.page import write

    records = latest(store)
    statements = [statement_row(statement, records) for statement in shipped_statements().values()]
    try:
        return write(from_store(store, statements), path)
    except OSError as error:
        raise BadValue(f"the report could not be written to {path}: {error.strerror or error}.") from error
