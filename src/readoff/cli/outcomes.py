"""How networks came out, as rows of a table and as JSON: shared by `train`, `show`, `verify` and `reproduce`.

solved      61 of 64 (share 0.87 to 0.99 at 95 %)
margins     smallest over all inputs: -0.31 to 9.84, median 6.02
diverged    1: seed 17
"""

from typing import Any

import numpy as np

from readoff.statistics.binomial import interval
from readoff.training.outcome import Outcome
from readoff.training.recipe import Recipe

CONFIDENCE = 0.95


def outcome_rows(found: Outcome) -> list[tuple[str, str]]:
    """(what, how) for a table; nothing is left out because it failed."""
    n, k = len(found.seeds), int(found.solved.sum())
    rows = []
    if found.judged:
        low, high = interval(k, n, CONFIDENCE)
        rows.append(("solved", f"{k} of {n}, right on every input (share {low:.2f} to {high:.2f} at {CONFIDENCE:.0%})"))
        rows.append(("margins", f"smallest over all inputs: {spread(found.margin)}"))
    else:
        rows.append(("solved", "not judged: no input of this task has a single right answer"))
    rows.append(("loss", f"{spread(found.loss)} nats"))
    rows.append(("diverged", told_seeds(found.diverged)))
    return rows


def spread(values: np.ndarray) -> str:
    """Smallest, largest and median of the finite ones."""
    good = values[np.isfinite(values)]
    if not len(good):
        return "none is finite"
    return f"{good.min():.4g} to {good.max():.4g}, median {np.median(good):.4g}"


def told_seeds(seeds: tuple[int, ...]) -> str:
    """How many, and which."""
    if not seeds:
        return "none"
    listed = ", ".join(map(str, seeds[:12])) + (" ..." if len(seeds) > 12 else "")
    return f"{len(seeds)}: seed{'s' if len(seeds) > 1 else ''} {listed}"


def outcome_json(found: Outcome) -> dict[str, Any]:
    """The same as JSON, with one entry per network; numbers that are not finite are null."""
    n, k = len(found.seeds), int(found.solved.sum())
    networks = [
        {
            "seed": int(found.seeds[i]),
            "solved": bool(found.solved[i]) if found.judged else None,
            "diverged": not bool(found.alive[i]),
            "accuracy": _finite(found.accuracy[i]) if found.judged else None,
            "margin": _finite(found.margin[i]),
            "loss": _finite(found.loss[i]),
        }
        for i in range(n)
    ]
    return {
        "n": n,
        "solved": k if found.judged else None,
        "share": list(interval(k, n, CONFIDENCE)) if found.judged else None,
        "confidence": CONFIDENCE,
        "diverged": list(found.diverged),
        "networks": networks,
    }


def recipe_line(recipe: Recipe) -> str:
    """The settings people ask for first."""
    stop = "" if recipe.stop_margin is None else f", stops at margin {recipe.stop_margin:g}"
    return (
        f"{recipe.optimizer}, lr {recipe.lr:g}, decay {recipe.weight_decay:g}, {recipe.steps:,} steps{stop}, "
        f"{recipe.data} data, loss in {recipe.loss_dtype}"
    )


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
