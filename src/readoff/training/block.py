"""Train one block of networks from start to end: the unit of work, of files and of resuming.

    trained = train_block(recipe, seeds=[0, 1, ..., 15])

Between log-spaced steps the compiled program runs without a stop; at them, measures are taken. A network whose least
margin passes `recipe.stop_margin` is held still from there on; one whose loss is no longer finite is recorded as not
alive, with the step at which it was seen, and kept. Measures of a stopped network stay at their last value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff import __version__
from readoff.core.canonical import weights_hash
from readoff.core.configure import is_configured
from readoff.core.errors import BadValue
from readoff.training.program import Program
from readoff.training.recipe import Recipe, measure_steps

TRAINER = 1


@dataclass(frozen=True, eq=False)
class TrainedBlock:
    """`weights {name: [model, ...]}`, `trace {name: [model, step]}`, `steps [step]`, `alive [model]`, hashes."""

    recipe: Recipe
    seeds: list[int]
    weights: dict[str, np.ndarray]
    steps: np.ndarray
    trace: dict[str, np.ndarray]
    alive: np.ndarray
    fingerprint: dict[str, Any]

    def hashes(self) -> list[str]:
        """One weights hash per network."""
        return [weights_hash({k: v[i] for k, v in self.weights.items()}) for i in range(len(self.seeds))]


def train_block(recipe: Recipe, seeds: list[int], progress: Callable[[int], None] | None = None) -> TrainedBlock:
    """Train the networks of `seeds` side by side. `progress(n)` is told of n more model-steps."""
    if recipe.loss_dtype == "float64" and not is_configured():
        raise BadValue("loss_dtype 'float64' needs 64-bit numbers; call readoff.configure() once before training.")
    program = Program.of(recipe)
    state = program.start(recipe, seeds)
    steps = measure_steps(recipe)
    measured: list[dict[str, np.ndarray]] = []
    checkpoints: list[dict[str, np.ndarray]] = []
    at = done = 0
    for step in steps:
        if step > at:
            state = program.advance(state, step - at)
            done, at = step - at, step
        found = program.measure(state)
        finite = np.isfinite(found["loss"])
        still = np.asarray(state.running) > 0
        running = still & finite & (found["margin"] <= _stop_at(recipe))
        state = state._replace(running=np.asarray(running, np.float32))
        measured.append(found)
        if progress is not None:
            progress(len(seeds) * done)
        if recipe.checkpoints:
            checkpoints.append(program.weights(recipe, state))
        if not running.any() and step < recipe.steps:
            break
    missing = len(steps) - len(measured)
    measured += [measured[-1]] * missing
    checkpoints += [checkpoints[-1]] * missing if checkpoints else []
    if progress is not None and missing:
        progress(len(seeds) * (recipe.steps - at))
    trace = {name: np.stack([m[name] for m in measured], axis=1) for name in measured[0]}
    trace |= {f"weights/{n}": np.stack([c[n] for c in checkpoints], axis=1) for n in (checkpoints or [{}])[0]}
    weights = program.weights(recipe, state)
    alive = np.isfinite(trace["loss"][:, -1]) & np.array(
        [all(np.isfinite(v[i]).all() for v in weights.values()) for i in range(len(seeds))]
    )
    return TrainedBlock(recipe, seeds, weights, np.array(steps), trace, alive, fingerprint(program, len(seeds)))


def fingerprint(program: Program, width: int) -> dict[str, Any]:
    """What else the last bits depend on: versions, device, forward and width."""
    import jax

    return {
        "readoff": __version__,
        "trainer": TRAINER,
        "jax": jax.__version__,
        "device": jax.devices()[0].device_kind.lower(),
        "forward": program.objective.forward,
        "width": width,
    }


def _stop_at(recipe: Recipe) -> float:
    return np.inf if recipe.stop_margin is None else recipe.stop_margin
