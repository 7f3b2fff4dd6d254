"""The recipes of the pair study, frozen here.

Chosen on exploration seeds (1,000,000 and up), then judged on others. There, AdamW at rate 0.01 solved the task by step
2,000 in 64 of 64 networks at d_head 5, with decay and without, and in 63 of 64 at d_head 1. Initial values are
TransformerLens's. There is no stop rule, so that networks can be compared at the same step. Two arms:

    exact      the loss is the exact mean over the 280 orbits of the population
    sampled    the same with a fresh batch of 256 inputs at every step

Without decay the float32 loss reaches 0 exactly and learning stops by rounding, so there the loss is in float64.
The direct path is on in the main recipe, as in a TransformerLens model, and off in `NO_DIRECT`.
"""

from dataclasses import replace

from readoff.networks.architecture import architecture_for, effective_for
from readoff.tasks.pairs import Pairs
from readoff.training.recipe import Recipe

TASK = Pairs()
STEPS = 2000
DECAY = 0.1

MAIN = Recipe(TASK, architecture_for(TASK), steps=STEPS, loss_dtype="float64")
MAIN_DECAY = Recipe(TASK, architecture_for(TASK), steps=STEPS, weight_decay=DECAY)
SAMPLED = replace(MAIN_DECAY, data="sampled")
NO_DIRECT = replace(MAIN_DECAY, architecture=architecture_for(TASK, direct_path=False))
ONE_HEAD = replace(MAIN, architecture=architecture_for(TASK, n_heads=1))
ONE_HEAD_DECAY = replace(MAIN_DECAY, architecture=architecture_for(TASK, n_heads=1))
ONE_HEAD_SAMPLED = replace(SAMPLED, architecture=ONE_HEAD.architecture)
ONE_HEAD_NO_DIRECT = replace(NO_DIRECT, architecture=architecture_for(TASK, n_heads=1, direct_path=False))
UNIFORM_ELSEWHERE = replace(
    MAIN_DECAY,
    task=replace(TASK, uniform_elsewhere=True),
    architecture=architecture_for(TASK),
)
"""Every position carries loss; the others towards a uniform output."""

RANK_1_CLASS = Recipe(
    TASK, architecture_for(TASK, n_heads=1, d_head=1, biases=False, direct_path=False), steps=STEPS, weight_decay=DECAY
)
"""One head, d_head 1, no biases, no direct path: the class of `pairs/rank-1-no-bias`."""
RANK_1_RELAXED = replace(RANK_1_CLASS, architecture=replace(RANK_1_CLASS.architecture, direct_path=True))
"""The smallest step outside that class."""

DECAYS = (0.001, 0.01, 0.1, 1.0)


def sized(task: Pairs) -> Recipe:
    """The main recipe with decay for the task at another size."""
    return Recipe(task, architecture_for(task), steps=STEPS, weight_decay=DECAY)


def with_d_head(recipe: Recipe, d_head: int) -> Recipe:
    """The same recipe at another d_head."""
    return replace(recipe, architecture=replace(recipe.architecture, d_head=d_head))


def with_decay(recipe: Recipe, decay: float) -> Recipe:
    """The same recipe at another weight decay."""
    return replace(recipe, weight_decay=decay)


def effective(n_heads: int, d_head: int, biases: bool = True, decay: float = 0.0) -> Recipe:
    """The effective model that the known rates come from: 8,000 steps, rate 0.01 falling to 0.001."""
    return Recipe(
        TASK,
        effective_for(TASK, n_heads=n_heads, d_head=d_head, biases=biases),
        steps=8000,
        schedule="cosine",
        weight_decay=decay,
        init="fan_in",
        loss_dtype="float32" if decay else "float64",
    )


def phase_cell(n_heads: int, d_head: int, constant: str, decay: float) -> Recipe:
    """One cell of the phase diagram. `constant`: where a constant logit vector can come from (none, biases, direct)."""
    architecture = architecture_for(
        TASK, n_heads=n_heads, d_head=d_head, biases=constant == "biases", direct_path=constant == "direct path"
    )
    dtype = "float32" if decay else "float64"
    return Recipe(TASK, architecture, steps=STEPS, weight_decay=decay, loss_dtype=dtype)


PHASE_HEADS, PHASE_D_HEADS = (1, 2), (1, 2, 3, 4, 5)
PHASE_CONSTANTS, PHASE_DECAYS = ("none", "biases", "direct path"), (0.0, DECAY)
