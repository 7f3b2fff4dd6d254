"""A recipe: the scalars that determine one training run (together with a seed and the trainer's fingerprint).

>>> from readoff.tasks.pairs import Pairs
>>> from readoff.networks.architecture import architecture_for
>>> recipe = Recipe(Pairs(), architecture_for(Pairs()), weight_decay=0.1)
>>> recipe.slug
'pairs-1L2H5d'

Its canonical JSON is its identity; `recipe.id` is a readable slug and a hash of that JSON, and, where the task's class
is not one of readoff's, of what the task says (`tasks.base.content`). Importing this module imports no jax. `block`
networks train side by side in one program; widths change the last bits of the result, so the block is part of a trained
network's fingerprint, and seeds are cut into aligned blocks (0-15, 16-31, ...).
"""

from dataclasses import dataclass
from typing import Literal

import readoff.tasks
from readoff.core.canonical import canonical_json, content_id, plain
from readoff.core.errors import BadValue, need_whole
from readoff.core.parse import parse_json
from readoff.networks.architecture import AnyArchitecture, Architecture, EffectiveArchitecture
from readoff.tasks.base import Task, content, is_shipped

KINDS: dict[str, type] = {}


@dataclass(frozen=True)
class Recipe:
    """One training run. `weight_decay` acts on every parameter: decoupled for adamw and sgd, in the gradient for adam.

    `train_fraction` below 1 trains each network on that share of the inputs (or orbits), drawn by its seed; measures
    then tell trained-on (`train_loss`, `train_accuracy`) from all inputs (`loss`, `accuracy`).
    """

    task: Task
    architecture: AnyArchitecture
    lr: float = 1e-2
    weight_decay: float = 0.0
    steps: int = 2000
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    momentum: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    final_lr_fraction: float = 0.1
    warmup: int = 0
    init: Literal["fan_in", "transformer_lens", "xavier", "kaiming", "normal"] = "transformer_lens"
    init_scale: float = 1.0
    loss_dtype: Literal["float32", "float64"] = "float32"
    data: Literal["population", "sampled"] = "population"
    batch_size: int = 256
    train_fraction: float = 1.0
    stop_margin: float | None = None
    measures: int = 40
    checkpoints: bool = False
    block: int = 16

    def __post_init__(self) -> None:
        need_whole(self, "steps", "warmup", "batch_size", "measures", "block")
        for name in ("lr", "eps", "init_scale"):
            if not getattr(self, name) > 0:
                raise BadValue(f"Recipe.{name} is {getattr(self, name)}; expected a number > 0.")
        for name in ("weight_decay", "momentum", "beta1", "beta2", "final_lr_fraction"):
            if not getattr(self, name) >= 0:
                raise BadValue(f"Recipe.{name} is {getattr(self, name)}; expected a number >= 0.")
        for name in ("momentum", "beta1", "beta2"):
            if getattr(self, name) >= 1:
                raise BadValue(f"Recipe.{name} is {getattr(self, name)}; expected a number below 1.")
        for name, least in (("steps", 0), ("batch_size", 1), ("measures", 2), ("block", 1), ("warmup", 0)):
            if not least <= getattr(self, name) <= 10**9:
                raise BadValue(f"Recipe.{name} is {getattr(self, name)}; expected a whole number from {least} to 10^9.")
        if not 0 < self.train_fraction <= 1 or (self.train_fraction < 1 and self.task.loss_elsewhere):
            raise BadValue(
                f"Recipe.train_fraction is {self.train_fraction}; expected more than 0 and at most 1, and 1 for tasks "
                "with loss at other positions."
            )
        if self.measures > 2000 or self.block > 4096:
            raise BadValue(f"measures {self.measures} or block {self.block} is too large (limits: 2000 and 4096).")
        if self.architecture.d_vocab != self.task.d_vocab or self.architecture.d_vocab_out != self.task.d_vocab_out:
            raise BadValue(
                f"the architecture has {self.architecture.d_vocab} input and {self.architecture.d_vocab_out} output "
                f"tokens, the task {self.task.d_vocab} and {self.task.d_vocab_out}; use architecture_for(task, ...)."
            )
        if self.architecture.n_ctx != self.task.n_ctx:
            raise BadValue(f"the architecture's n_ctx is {self.architecture.n_ctx}, the task's {self.task.n_ctx}.")
        canonical_json(self)  # refuses non-finite numbers

    @property
    def slug(self) -> str:
        """A short readable name: task, layers, heads, d_head."""
        a = self.architecture
        if isinstance(a, EffectiveArchitecture):
            return f"{self.task.name}-effective{a.n_heads}H{a.d_head}d"
        return f"{self.task.name}-{a.n_layers}L{a.n_heads}H{a.d_head}d"

    @property
    def id(self) -> str:
        """`slug-hash`; see `digest`."""
        return f"{self.slug}-{self.digest(10)}"

    def digest(self, length: int) -> str:
        """The recipe's identity: hex sha256 of its canonical JSON, with the task's content if its class is a user's."""
        return content_id(self if is_shipped(self.task) else [plain(self), content(self.task)], length)

    @staticmethod
    def from_json(text: str) -> "Recipe":
        """The recipe that canonical (or hand-written) JSON describes; errors name the field."""
        value = parse_json(text, {**_base_kinds(), **KINDS})
        if not isinstance(value, Recipe):
            raise BadValue(f"expected a Recipe, got a {type(value).__name__}.")
        return value


def register_kind(cls: type) -> type:
    """Let recipes with this task class be read back from JSON (a decorator for task classes of one's own)."""
    KINDS[cls.__name__] = cls
    return cls


def _base_kinds() -> dict[str, type]:
    shipped = [c for c in vars(readoff.tasks).values() if isinstance(c, type) and issubclass(c, Task)]
    return {c.__name__: c for c in (Recipe, Architecture, EffectiveArchitecture, *shipped)}


def measure_steps(recipe: Recipe) -> list[int]:
    """Log-spaced steps at which measures are taken: 0, then up to and including `steps`."""
    if recipe.steps == 0:
        return [0]
    n = recipe.measures - 1
    grid = {round(recipe.steps ** (i / max(1, n - 1))) for i in range(n)}
    return sorted({0, recipe.steps} | {step for step in grid if 0 < step <= recipe.steps})


def blocks_for(recipe: Recipe, seeds: "list[int] | range") -> list[int]:
    """First seeds of the aligned blocks that hold the given seeds."""
    return sorted({seed // recipe.block * recipe.block for seed in seeds})
