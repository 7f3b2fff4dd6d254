"""What a run came to: which networks solve their task, with what margins, and which diverged.

A network solves its task if its smallest margin over the whole domain is positive (a tie is wrong) and it did not
diverge. Numbers are those of the last measurement in training, in the recipe's loss dtype; claims and `readoff verify`
compute them again from the weights.

    found = outcome(run)
    found.solved.sum(), len(found.solved)      61 of 64
    found.diverged                             (17,)
"""

from dataclasses import dataclass

import numpy as np

from readoff.core.errors import BadValue
from readoff.training.run import Run


@dataclass(frozen=True, eq=False)
class Outcome:
    """One entry a network: `seeds`, `alive`, `loss` (nats), `accuracy`, `margin` (nats; NaN if nothing is judged)."""

    seeds: np.ndarray
    alive: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    margin: np.ndarray

    @property
    def judged(self) -> bool:
        """False for tasks in which no input has a single right answer: there is no accuracy then."""
        return not np.isnan(self.margin[self.alive]).all()

    @property
    def solved(self) -> np.ndarray:
        """bool [model]."""
        return self.alive & (self.margin > 0)

    @property
    def diverged(self) -> tuple[int, ...]:
        """Seeds whose training ended in numbers that are not finite."""
        return tuple(int(seed) for seed in self.seeds[~self.alive])


def outcome(run: Run) -> Outcome:
    """The outcome of a run; BadValue for a run without traces."""
    missing = [name for name in ("loss", "accuracy", "margin") if name not in run.trace]
    if missing:
        raise BadValue(f"the run of {run.recipe.id} has no trace of {', '.join(missing)}.")
    last = {name: run.trace[name][:, -1].astype(np.float64) for name in ("loss", "accuracy", "margin")}
    margin = np.where(np.isposinf(last["margin"]), np.nan, last["margin"])
    alive = np.asarray(run.ensemble.alive, dtype=bool)
    accuracy = np.minimum(last["accuracy"], 1.0)  # a sum of rounded weights may pass it
    return Outcome(run.ensemble.seeds, alive, last["loss"], accuracy, margin)
