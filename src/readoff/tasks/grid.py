"""A task of one's own, in five lines: a function over a grid of tokens.

    @grid_task(tokens=["0", "1"], n_ctx=3, outputs=["even", "odd"])
    def parity(a, b, c):
        return (a + b + c) % 2

The function gets token *numbers* (one per context place) and returns an output number or label; every combination is
one input, all equally likely unless `weight` says otherwise; a combination for which it returns None is left out.
Weights are exact: whole numbers or Fractions, brought to one denominator.
A read-off token is appended unless `read_off=None`. The function runs once per input, when the task is made; what
is hashed and compared afterwards is the table of its answers, so equal functions make equal tasks.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational

import numpy as np

from readoff.core.domain import DOMAIN_LIMIT, Domain, refuse_large
from readoff.core.errors import BY_USERS, BadValue, ReadoffError, UnknownName
from readoff.tasks.base import Task


@dataclass(frozen=True)
class Grid(Task):
    """A table of labelled inputs: `inputs` [n][n_ctx] token numbers, `labels` [n], `input_weights` [n] integers."""

    title: str
    tokens: tuple[str, ...]
    outputs: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    labels: tuple[int, ...]
    input_weights: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_names("tokens", self.tokens)
        _check_names("outputs", self.outputs)
        if not self.inputs or len({len(row) for row in self.inputs} | {0}) != 2:
            raise BadValue("a grid task needs at least one input, and all inputs of one length >= 1.")
        if len(set(self.inputs)) < len(self.inputs):
            raise BadValue("an input is listed twice; every input has one row, one label and one weight.")
        _check_numbers("a token", [min(map(min, self.inputs)), max(map(max, self.inputs))], 0, len(self.tokens))
        _check_numbers("a label", self.labels, 0, len(self.outputs))
        _check_numbers("a weight", self.input_weights, 1, 2**62 // len(self.inputs))
        for what, given in (("labels", self.labels), ("weights", self.input_weights)):
            if len(given) != len(self.inputs) and (given or what == "labels"):
                raise BadValue(f"{len(given)} {what} for {len(self.inputs)} inputs; give one for every input.")

    @property
    def name(self) -> str:
        return self.title

    @property
    def n_ctx(self) -> int:
        return len(self.inputs[0])

    @property
    def input_tokens(self) -> tuple[str, ...]:
        return self.tokens

    @property
    def output_labels(self) -> tuple[str, ...]:
        return self.outputs

    def domain_size(self) -> int:
        return len(self.inputs)

    def _enumerate(self) -> Domain:
        weights = np.array(self.input_weights or (1,) * len(self.inputs), dtype=np.int64)
        ones = np.ones(len(self.inputs), dtype=np.int64)
        return Domain(
            np.array(self.inputs, dtype=np.int32),
            np.array(self.labels, dtype=np.int64),
            weights,
            int(weights.sum()),
            ones,
        )


def grid_task(
    tokens: Sequence[str] | int,
    n_ctx: int,
    outputs: Sequence[str] | int,
    read_off: str | None = "=",
    weight: Callable[..., int | Fraction] | None = None,
    limit: int = DOMAIN_LIMIT,
) -> Callable[[Callable[..., object]], Grid]:
    """Turn a function of `n_ctx` token numbers into a task. See the module docstring.

    BadValue: names, sizes, answers or weights that cannot be; what the function itself raises, with the combination.
    """
    names = tuple(str(t) for t in (range(tokens) if isinstance(tokens, int) else tokens))
    answers = tuple(str(o) for o in (range(outputs) if isinstance(outputs, int) else outputs))
    if not isinstance(n_ctx, int):
        raise BadValue(f"n_ctx is {n_ctx!r}; expected a whole number such as 3.")
    if not names or not answers or n_ctx < 1:
        raise BadValue(f"a grid task needs tokens, outputs and n_ctx >= 1; got {len(names)}, {len(answers)}, {n_ctx}.")
    refuse_large(len(names) ** n_ctx, limit, f"a grid of {len(names)} tokens at {n_ctx} places")

    def build(function: Callable[..., object]) -> Grid:
        inputs, labels, weights = [], [], []
        for combination in itertools.product(range(len(names)), repeat=n_ctx):
            answer = _asked(function, combination)
            if answer is None:
                continue
            inputs.append(combination + ((len(names),) if read_off is not None else ()))
            labels.append(_output_number(answer, answers, combination))
            weights.append(Fraction(1) if weight is None else _weight(_asked(weight, combination), combination))
        if not inputs:
            raise BadValue(
                "the task's function answered None for every combination: no input is left (a missing return?)."
            )
        all_tokens = names if read_off is None else (*names, read_off)
        common = math.lcm(*(w.denominator for w in weights))
        whole = tuple(int(w * common) for w in weights)
        title = getattr(function, "__name__", "grid")
        return Grid(title, all_tokens, answers, tuple(inputs), tuple(labels), () if set(whole) == {1} else whole)

    return build


def _asked(function: Callable[..., object], combination: tuple[int, ...]) -> object:
    try:
        return function(*combination)
    except ReadoffError:
        raise
    except BY_USERS as error:
        name = getattr(function, "__name__", "function")
        raise BadValue(f"{name}{combination} raised {type(error).__name__}: {error}") from error


def _weight(given: object, at: tuple[int, ...]) -> Fraction:
    if not isinstance(given, Rational) or given <= 0:
        raise BadValue(
            f"the weight of {at} is {given!r}; expected a whole number or a Fraction above 0, such as Fraction(1, 2) "
            "(leave an input out by returning None from the task's function)."
        )
    return Fraction(given)


def _check_names(what: str, names: tuple[str, ...]) -> None:
    if not names or len(set(names)) < len(names):
        raise BadValue(f"a grid task needs {what}, each with a name of its own; got {', '.join(names[:20]) or 'none'}.")


def _check_numbers(what: str, numbers: Sequence[int], least: int, end: int) -> None:
    for number in numbers:
        if not least <= number < end:
            raise BadValue(f"{what} is {number}; expected a whole number from {least} to {end - 1}.")


def _output_number(answer: object, outputs: tuple[str, ...], at: tuple[int, ...]) -> int:
    if isinstance(answer, str):
        if answer not in outputs:
            raise UnknownName("output", answer, outputs)
        return outputs.index(answer)
    if isinstance(answer, bool | int | np.integer) and 0 <= int(answer) < len(outputs):
        return int(answer)
    raise BadValue(f"the function gave {answer!r} on {at}; expected an output label or a number below {len(outputs)}.")
