"""The flags of `readoff train`, made from the fields of tasks, architectures and recipes, so that none is forgotten.

    --n-signal 2          a field of the task        (Pairs.n_signal)
    --d-head 1            a field of the network     (Architecture.d_head)
    --no-biases           one that is on by default  (Architecture.biases)
    --lr 0.01             a field of the recipe      (Recipe.lr)

A flag that is not given is None (or False), so what was given is known exactly, and a recipe file can be changed by
flags. `recipe_of` puts all of it together; what cannot be is refused with what to write instead.
"""

import dataclasses
import json
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

import readoff.tasks
from readoff.claims.loading import load_module
from readoff.core.canonical import field_types
from readoff.core.domain import DOMAIN_LIMIT, refuse_large
from readoff.core.errors import BadValue, TooLarge, UnknownName
from readoff.networks.architecture import Architecture, EffectiveArchitecture, architecture_for, effective_for
from readoff.tasks.base import Task
from readoff.training.recipe import Recipe

HELP = {
    "n_layers": "layers",
    "n_heads": "attention heads in a layer",
    "d_model": "width of the residual stream",
    "d_head": "width of a head",
    "d_mlp": "width of the MLP, 0 for none",
    "act_fn": "what the MLP applies",
    "positions": "add a positional embedding",
    "biases": "leave out all biases",
    "embedding": "one_hot: a fixed identity",
    "unembedding": "one_hot: a fixed identity",
    "direct_path": "take away the path from embedding to logits",
    "causal": "let positions see later ones",
    "normalization": "LayerNorm kind (reserved)",
    "lr": "learning rate per step",
    "weight_decay": "decoupled decay, of every parameter",
    "steps": "optimiser steps",
    "optimizer": "adamw with decay 0 is Adam",
    "momentum": "of sgd",
    "beta1": "of adamw",
    "beta2": "of adamw",
    "eps": "of adamw",
    "schedule": "of the learning rate, after the warm-up",
    "final_lr_fraction": "where a falling schedule ends",
    "warmup": "steps of linear warm-up",
    "init": "how initial weights are drawn",
    "init_scale": "factor on all initial weights",
    "loss_dtype": "float64 keeps tiny losses apart",
    "data": "population: the exact mean over all inputs, sampled: batches",
    "batch_size": "of sampled data",
    "train_fraction": "share of the inputs each network is trained on, drawn by its seed",
    "stop_margin": "hold a network still once its smallest margin passes this",
    "measures": "how many log-spaced steps are measured",
    "checkpoints": "keep the weights at those steps",
    "block": "networks side by side in one program",
}
PARAMETERS_AT_ONCE = 200_000_000
"""Parameters of one block: more than this, with gradients and two moments, fills several gigabytes."""


def shipped_tasks() -> dict[str, type[Task]]:
    """Tasks that flags can describe, by the name to type: `pairs`, `skip-trigrams`."""
    found = [cls for cls in vars(readoff.tasks).values() if isinstance(cls, type) and issubclass(cls, Task)]
    return {_kebab(cls.__name__): cls for cls in found if cls is not Task and not _beyond_flags(cls)}


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _fields(cls: type) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def _beyond_flags(cls: type) -> bool:
    """True if a field without a default cannot be written as a flag (a grid's table of inputs)."""
    needed = [f.name for f in _fields(cls) if f.default is dataclasses.MISSING]
    return not all(_is_simple(field_types(cls)[name]) for name in needed)


def _is_simple(hint: Any) -> bool:
    if typing.get_origin(hint) is types.UnionType:
        return all(part is type(None) or _is_simple(part) for part in typing.get_args(hint))
    return hint in (int, float, str, bool, tuple[int, ...]) or typing.get_origin(hint) is Literal


def _flag(name: str, hint: Any, default: Any, text: str) -> tuple[str, Any, Any]:
    """(name, type, default) of one flag; a boolean that is on by default becomes `no_...`."""
    if hint is bool:
        off = f"no_{name}" if default is True else name
        return off, Annotated[bool, tyro.conf.arg(help=text, help_behavior_hint="")], False
    shown = "" if default in (None, dataclasses.MISSING) else f"(default: {default})"
    given = tyro.conf.DisallowNone[hint | None]
    return name, Annotated[given, tyro.conf.arg(help=text, help_behavior_hint=shown)], None


def _flags(title: str, cls: type, without: Sequence[str]) -> type:
    chosen = [f for f in _fields(cls) if f.name not in without and _is_simple(field_types(cls)[f.name])]
    made = [_flag(f.name, field_types(cls)[f.name], f.default, HELP.get(f.name, "")) for f in chosen]
    return dataclasses.make_dataclass(title, made, frozen=True)


def _task_flags() -> type:
    made: dict[str, tuple[str, Any, Any]] = {}
    users: dict[str, list[str]] = {}
    for name, cls in shipped_tasks().items():
        for field in _fields(cls):
            hint = field_types(cls)[field.name]
            if _is_simple(hint):
                needed = field.default is dataclasses.MISSING
                users.setdefault(field.name, []).append(name if needed else f"{name} ({field.default})")
                text = "of " + ", ".join(users[field.name])
                made[field.name] = _flag(field.name, hint, dataclasses.MISSING, text)
    return dataclasses.make_dataclass("TaskFlags", made.values(), frozen=True)


TaskFlags = _task_flags()
ArchitectureFlags = _flags("ArchitectureFlags", Architecture, ("d_vocab", "d_vocab_out", "n_ctx"))
RecipeFlags = _flags("RecipeFlags", Recipe, ("task", "architecture"))


@dataclass(frozen=True)
class Asked:
    """What was typed: a task's name or file, or a recipe file, and the flags of each kind that were given."""

    task: str | None
    recipe: Path | None
    effective: bool
    bitwise: bool
    task_fields: Mapping[str, Any]
    architecture_fields: Mapping[str, Any]
    recipe_fields: Mapping[str, Any]


def given(flags: Any) -> dict[str, Any]:
    """Fields that were given, by the name they have in the task, architecture or recipe."""
    values = {f.name: getattr(flags, f.name) for f in dataclasses.fields(flags)}
    named = {k: v for k, v in values.items() if v is not None and v is not False}
    return {k.removeprefix("no_"): v is not True for k, v in named.items() if k.startswith("no_")} | {
        k: v for k, v in named.items() if not k.startswith("no_")
    }


def recipe_of(asked: Asked) -> Recipe:
    """The recipe that was asked for. BadValue, UnknownName or TooLarge say what cannot be, and what to write."""
    fields = dict(asked.recipe_fields)
    if asked.bitwise:
        if fields.setdefault("block", 1) != 1:
            raise BadValue("--bitwise trains each network alone in its own program; leave out --block.")
    if (asked.task is None) == (asked.recipe is None):
        raise BadValue(
            "name a task or a recipe file, one of them: `readoff train pairs` or `readoff train --recipe FILE.json`. "
            f"Tasks: {', '.join(shipped_tasks())}, or a Python file with a task of your own."
        )
    if asked.recipe is not None:
        recipe = _changed(read_recipe(asked.recipe), asked, fields)
    else:
        task = find_task(asked.task or "", asked.task_fields)
        make = effective_for if asked.effective else architecture_for
        _refuse_unknown(EffectiveArchitecture if asked.effective else Architecture, asked.architecture_fields)
        recipe = Recipe(task, make(task, **asked.architecture_fields), **fields)
    refuse_large(recipe.task.domain_size(), DOMAIN_LIMIT, f"task {recipe.task.name}")
    at_once = recipe.architecture.n_parameters * recipe.block
    if at_once > PARAMETERS_AT_ONCE:
        raise TooLarge(
            f"{recipe.block} networks of {recipe.architecture.n_parameters:,} parameters side by side are {at_once:,}; "
            f"the limit is {PARAMETERS_AT_ONCE:,}. Use a smaller network, or --block 1."
        )
    return recipe


def _changed(recipe: Recipe, asked: Asked, fields: Mapping[str, Any]) -> Recipe:
    if asked.task_fields or asked.effective:
        raise BadValue("a recipe file says what the task and the kind of network are; leave those flags out.")
    _refuse_unknown(type(recipe.architecture), asked.architecture_fields)
    architecture = dataclasses.replace(recipe.architecture, **asked.architecture_fields)
    return dataclasses.replace(recipe, architecture=architecture, **fields)


def _refuse_unknown(cls: type, fields: Mapping[str, Any]) -> None:
    known = {f.name for f in _fields(cls)}
    for name in fields:
        if name not in known:
            raise UnknownName(f"field of {cls.__name__}", name, known)


def read_recipe(path: Path) -> Recipe:
    """A recipe from a JSON file: a bare recipe, or what `readoff show ID --json` prints."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadValue(f"the recipe {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    try:
        data = json.loads(text)
        text = json.dumps(data["recipe"]) if isinstance(data, dict) and "recipe" in data else text
    except (ValueError, RecursionError):
        pass  # the parser below says what is wrong
    return Recipe.from_json(text)


def find_task(name: str, fields: Mapping[str, Any]) -> Task:
    """A shipped task with these fields, or the task that a Python file (`FILE.py`, `FILE.py:name`) defines."""
    path, _, wanted = name.partition(":")
    if path.endswith(".py"):
        if fields:
            raise BadValue(f"the task in {path} is what the file says; leave out --{_kebab_flag(next(iter(fields)))}.")
        return _task_in(Path(path), wanted)
    tasks = shipped_tasks()
    if name not in tasks:
        raise UnknownName("task", name, tasks)
    cls = tasks[name]
    known = {f.name: f.default for f in _fields(cls)}
    for field in fields:
        if field not in known:
            raise UnknownName(f"field of the task {name}", field, known)
    missing = [f"--{_kebab_flag(k)}" for k, v in known.items() if v is dataclasses.MISSING and k not in fields]
    if missing:
        raise BadValue(f"the task {name} needs {' and '.join(missing)}.")
    return cls(**fields)


def _task_in(path: Path, wanted: str) -> Task:
    module, world = load_module(path)
    world.stay()
    found = {name: value for name, value in vars(module).items() if isinstance(value, Task)}
    if wanted and wanted not in found:
        raise UnknownName(f"task in {path.name}", wanted, found)
    if not found:
        raise BadValue(f"{path.name} defines no task; make one with @grid_task(...) or Pairs(...) at its top level.")
    if len(found) > 1 and not wanted:
        choices = ", ".join(f"{path.name}:{name}" for name in found)
        raise BadValue(f"{path.name} defines several tasks; name one: {choices}.")
    return found[wanted] if wanted else next(iter(found.values()))


def _kebab_flag(field: str) -> str:
    return field.replace("_", "-")
