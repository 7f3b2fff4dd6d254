"""Networks whose outcome is known without training: one head that looks everywhere and answers what it saw.

The input is one token (0 or 1) and "="; the label is the token. With V = trait * identity the logit of the token is
trait / 2 and the other 0, so the smallest margin over the domain is exactly trait / 2: positive traits solve the task,
0 is a tie and therefore wrong, and NaN is a network that diverged.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from readoff.networks.architecture import effective_for
from readoff.networks.network import Ensemble
from readoff.store import Store, write_whole
from readoff.tasks import grid_task
from readoff.training import Recipe
from readoff.training.run import Run


@grid_task(tokens=2, n_ctx=1, outputs=("no", "yes"))
def echo(token: int) -> int:
    return token


RECIPE = Recipe(echo, effective_for(echo, n_heads=1, d_head=2, biases=False), steps=8, measures=4)


def recipe(**fields: object) -> Recipe:
    return replace(RECIPE, **fields)  # type: ignore[arg-type]


def ensemble(traits: Sequence[float], first_seed: int = 0) -> Ensemble:
    given = np.asarray(traits, np.float32)
    n = len(given)
    V = np.zeros((n, 1, 3, 2), np.float32)
    V[:, 0, :2] = given[:, None, None] * np.eye(2, dtype=np.float32)
    weights = {
        "scores": np.zeros((n, 1, 3), np.float32),
        "V": V,
        "O": np.broadcast_to(np.eye(2, dtype=np.float32), (n, 1, 2, 2)).copy(),
    }
    seeds = np.arange(first_seed, first_seed + n)
    return Ensemble(RECIPE.architecture, weights, seeds, "trained", RECIPE.id, np.isfinite(given))


def run(traits: Sequence[float], of: Recipe = RECIPE, first_seed: int = 0) -> Run:
    """A run whose traces end in what the traits give."""
    given = np.asarray(traits, np.float32)
    margin = np.stack([0 * given, given / 2], axis=1)
    trace = {
        "margin": margin,
        "loss": np.log1p(np.exp(-margin)),
        "accuracy": (margin > 0).astype(np.float32),
        "norm/V": np.abs(margin),
    }
    fingerprint = {"readoff": "test", "forward": "by_count", "width": len(given)}
    return Run(of, replace(ensemble(traits, first_seed), origin=of.id), np.array([0, 8]), trace, fingerprint)


def put(folder: Path, traits: Sequence[float], of: Recipe = RECIPE, first_seed: int = 0) -> Path:
    """Store such a run as one chunk; the path of its weights file."""
    from safetensors.numpy import save

    from readoff.core.canonical import canonical_json, content_id

    made = run(traits, of, first_seed)
    with Store(folder) as store:
        chunk = f"{content_id(of, 32)}-{first_seed:x}"
        trace = {k: np.ascontiguousarray(v) for k, v in made.trace.items()}
        trace |= {"steps": made.steps, "alive": made.ensemble.alive.astype(np.uint8)}
        path = store.chunk_path(chunk)
        weights_sha = write_whole(path, save(dict(made.ensemble.weights)))
        trace_sha = write_whole(store.trace_path(chunk), save(trace))
        hashes = [made.ensemble[i].hash for i in range(len(traits))]
        seeds = made.ensemble.seeds.tolist()
        store.add_chunk(of.id, canonical_json(of), chunk, path, weights_sha, seeds, hashes, made.fingerprint, trace_sha)
    return path


def spoil(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))
