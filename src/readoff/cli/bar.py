"""A bar for long training: how far, how fast (models x steps a second), how long still.

    with Bar() as bar:
        train(recipe, range(64), store, bar)        # bar(model-steps done, model-steps in all)

    training ━━━━━━━━━━━━╺━━━━━━━  58 %  74,210 model-steps/s, 0:00:12 left

It is drawn on stderr, only while something trains, and only on a terminal (or when asked): a pipe gets nothing.
"""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


class Bar:
    """A progress callable `(done, total)`. One bar may serve several trainings, one after the other."""

    def __init__(self, force: bool = False) -> None:
        self._force = force
        self._drawing: Progress | None = None
        self._began = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Model-steps done so far, and in all; the bar goes away when they are equal."""
        if not (self._force or sys.stderr.isatty()) or total <= 0:
            return
        if self._drawing is None:
            self._drawing, self._began = _drawing(self._force), time.perf_counter()
            self._drawing.add_task("training", total=total, rate="compiling")
            self._drawing.start()
        rate = rate_text(done, total, time.perf_counter() - self._began)
        self._drawing.update(self._drawing.task_ids[0], completed=done, total=total, rate=rate)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._drawing is not None:
            self._drawing.stop()
            self._drawing = None

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def rate_text(done: int, total: int, seconds: float) -> str:
    """Model-steps a second since the beginning, and the time left at that rate.

    >>> rate_text(300_000, 1_000_000, 3.0)
    '100,000 model-steps/s, 0:00:07 left'
    """
    if not done or seconds <= 0:
        return "compiling"
    rate = done / seconds
    left = round((total - done) / rate)
    return f"{rate:,.0f} model-steps/s, {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"


def _drawing(force: bool) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]}"),
        console=Console(stderr=True, force_terminal=True if force else None),
        transient=True,
        refresh_per_second=4,
        redirect_stdout=False,
        redirect_stderr=False,
    )
