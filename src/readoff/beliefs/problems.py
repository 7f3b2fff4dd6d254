"""What is wrong with a table, by row, and what leaving it out would mean.

Nothing is dropped in silence. A reader collects every problem it finds, with the rows, and refuses the table in one
message that lists them all; with `--skip-bad` it goes on without those rows and says how many they were:

>>> print(Problem("probability missing", ("row 7", "row 9"), 2, "fill the cell or delete the row"))
probability missing: row 7, row 9. Fill the cell or delete the row.

Rows are counted as a text editor or spreadsheet shows them: the header is row 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from readoff.core.errors import ReadoffError

SHOWN = 5  # places named per problem in a message
KEPT = 1000  # places kept per problem, for JSON


@dataclass(frozen=True)
class Problem:
    """One kind of fault: the first KEPT places, how many in all, and what to do about it."""

    kind: str
    places: tuple[str, ...]
    count: int
    lesson: str

    def __str__(self) -> str:
        return f"{self.kind}: {some(self.places, self.count)}. {self.lesson[0].upper()}{self.lesson[1:]}{self._end()}"

    def _end(self) -> str:
        return "" if self.lesson[-1] in ".?!" else "."


def some(places: Sequence[str], count: int | None = None) -> str:
    """The first few of `count` places in words: "row 3, row 7 and 12 more"."""
    count = len(places) if count is None else count
    more = f" and {count - SHOWN:,} more" if count > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


class BadTable(ReadoffError):
    """A table that cannot be read as it stands, with everything that is wrong with it."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        Exception.__init__(
            self,
            f"{source} cannot be audited as it stands:\n"
            + "".join(f"  - {problem}\n" for problem in problems)
            + "Repair this, or say --skip-bad to go on without what is named here (how much that is, is reported).",
        )
        self.problems = tuple(problems)


class Unclear(ReadoffError):
    """A table that can be read in more than one way; the message says which flag decides."""
