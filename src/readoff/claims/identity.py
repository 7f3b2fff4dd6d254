"""When are two subjects the same: within a run, and across runs?

    same(Trained(recipe))        equal recipes or tasks, and the very same functions: what a run's caches are keyed by
    describe(Trained(recipe))    JSON-able and exact (see `source`): what a claim's hash and a verdict's key are made of

What two functions look like never makes them the same one.
"""

from collections.abc import Callable
from typing import Any

from readoff.claims.source import describe_function
from readoff.claims.subject import Certified, Constructed, Given, Mutated, OnTask, Process, Subject, Sweep, Trained
from readoff.core.canonical import plain
from readoff.core.exact import exact
from readoff.tasks.base import Task, content, is_shipped


def same(subject: Subject) -> Any:
    """What makes two subjects of one session the same: equal recipes or tasks, and the very same functions."""
    match subject:
        case Trained(recipe):
            return "trained", _hashable(recipe)
        case Sweep(recipes):
            return "sweep", tuple(map(_hashable, recipes))
        case OnTask(task):
            return "task", _hashable(task)
        case Constructed(build) | Process(build):
            return type(subject).__name__, function_key(build)
        case Certified(build, check):
            return "certified", function_key(build), function_key(check)
        case Given():
            return "given", id(subject)
        case Mutated(base, _, change):
            return "mutated", same(base), function_key(change)


def function_key(function: Callable[..., Any]) -> tuple[int, ...]:
    """Identity of a function object while it lives; a bound method is its object and its function."""
    if hasattr(function, "__self__") and hasattr(function, "__func__"):
        return id(function.__self__), id(function.__func__)
    return (id(function),)


def describe(subject: Subject) -> Any:
    """JSON-able description for a claim's hash: recipe ids, what tasks say, exact descriptions of builders."""
    match subject:
        case Trained(recipe):
            return {"trained": recipe.id}
        case Sweep(recipes):
            return {"sweep": [recipe.id for recipe in recipes]}
        case Process(build, name, int(draws)):
            return {"built": name, "source": describe_function(build), "draws": draws}
        case Constructed(build, name) | Process(build, name):
            return {"built": name, "source": describe_function(build)}
        case OnTask(task):
            return _task(task)
        case Certified(build, check, name):
            return {"certified": name, "build": describe_function(build), "check": describe_function(check)}
        case Given(model, task):
            return {"given": {"exact": exact(model).digest}, **_task(task)}
        case Mutated(base, name, change):
            return {"mutated": name, "of": describe(base), "source": describe_function(change)}


def _task(task: Task) -> dict[str, Any]:
    if is_shipped(task):
        return {"task": plain(task)}
    return {"task": f"{type(task).__name__} {task.name}", "says": content(task), "exact": exact(task).digest}


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
