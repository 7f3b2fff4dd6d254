"""Somebody else's network: any callable from tokens to logits, evaluated on every input of a domain.

    def model(tokens):                      # int64 [batch, n_ctx]
        return logits                       # [batch, d_vocab_out] or [batch, n_ctx, d_vocab_out]

    logits = evaluate(model, task)              # float64 [n, d_vocab_out], one row for every input of task.domain()
    asked(model, task).unit                     # the spacing of numbers near 1 in the type in which the answers came

A PyTorch module gets tokens as a torch tensor on its own device, without gradients; anything else (JAX, numpy, plain
Python) gets a numpy array. Answers may be torch tensors, arrays, nested lists, or objects with a `logits` field; of
answers with a position axis the last position is read. What is not a network's answer (wrong shape, NaN, different
answers to the same question) is refused with what was found and what was expected. How exact answers are is read off
their type, never off the numbers: a model that computes in float16 and hands out float32 hides its rounding.

>>> from readoff.tasks.pairs import Pairs
>>> evaluate(lambda tokens: tokens[:, :3] * 1.0, Pairs(2, 1, 3))[0].tolist()
[1.0, 1.0, 0.0]
"""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.core.domain import Domain
from readoff.core.errors import BY_USERS, BadValue, ReadoffError
from readoff.tasks.base import Task

SAME = 1e-5
BFLOAT16 = 2.0**-7


class CallableFailed(ReadoffError):
    """The user's callable raised; the message says on which inputs and what."""


@dataclass(frozen=True, eq=False)
class Asked:
    """`logits` float64 [n, d_vocab_out]; `unit`: spacing of numbers near 1 in the type they came in, 0 for integers."""

    logits: np.ndarray
    unit: float


def evaluate(model: Any, task: Task, domain: Domain | None = None, batch: int = 4096) -> np.ndarray:
    """float64 [n, d_vocab_out]: the callable's logits at the last position of every input. See `asked`."""
    return asked(model, task, domain, batch).logits


def asked(model: Any, task: Task, domain: Domain | None = None, batch: int = 4096) -> Asked:
    """The callable's logits at the last position of every input, and how exact they are.

    domain  the task's full domain by default: nothing is known about the symmetries of a callable
    batch   at most so many inputs at a time

    BadValue: a wrong shape, NaN or +inf, answers that change when asked again. CallableFailed: the callable raised.
    """
    if not callable(model):
        raise BadValue(f"expected a callable from tokens to logits, got a {type(model).__name__}.")
    tokens = (task.domain() if domain is None else domain).tokens.astype(np.int64)
    out = np.empty((len(tokens), task.d_vocab_out))
    unit = 0.0
    for start in range(0, len(tokens), batch):
        found = _logits(model, tokens[start : start + batch], task.d_vocab_out)
        out[start : start + batch], unit = found.logits, max(unit, found.unit)
    few = tokens[: max(1, min(len(tokens), batch, 64) // 2)]
    if not np.allclose(_logits(model, few, task.d_vocab_out).logits, out[: len(few)], rtol=SAME, atol=SAME):
        raise BadValue(
            "the callable gave different answers when asked the same inputs again in a smaller batch. Turn off dropout "
            "and batch statistics (PyTorch: model.eval()) and fix random numbers."
        )
    return Asked(out, unit)


def _logits(model: Any, tokens: np.ndarray, d_vocab_out: int) -> Asked:
    try:
        answered = _ask(model, tokens.copy())
        if answered is None:
            raise BadValue("the callable answered None: does its last line say `return`? Logits are expected.")
        answer, unit = _plain(answered)
        array = np.asarray(answer, dtype=np.float64)
    except ReadoffError:
        raise
    except BY_USERS as error:
        raise CallableFailed(
            f"the callable failed on int64 tokens of shape {list(tokens.shape)} (first input {tokens[0].tolist()}; "
            f"torch tensors for PyTorch modules, numpy for all others): {type(error).__name__}: {error}"
        ) from error
    n, n_ctx = tokens.shape
    if array.shape == (n, n_ctx, d_vocab_out):
        array = array[:, -1]
    if array.shape != (n, d_vocab_out):
        raise BadValue(
            f"the callable answered {list(array.shape)} to tokens {list(tokens.shape)}; expected "
            f"[batch, d_vocab_out] = {[n, d_vocab_out]} or [batch, n_ctx, d_vocab_out] = {[n, n_ctx, d_vocab_out]}."
        )
    bad = np.isnan(array) | (array == np.inf)
    if bad.any():
        row = int(np.flatnonzero(bad.any(axis=1))[0])
        raise BadValue(
            f"the callable answered {array[row, np.flatnonzero(bad[row])[0]]} for {int(bad.any(axis=1).sum())} of {n} "
            f"inputs; the first is {tokens[row].tolist()}."
        )
    return Asked(array, unit)


def _ask(model: Any, tokens: np.ndarray) -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        return model(tokens)
    with torch.no_grad():
        if isinstance(model, torch.nn.Module):
            place = next((p.device for p in model.parameters()), torch.device("cpu"))
            return model(torch.as_tensor(tokens, device=place))
        return model(tokens)


def _plain(answer: Any) -> tuple[Any, float]:
    """Logits without their wrapping (a `logits` field, a torch tensor on some device), and their unit."""
    answer = getattr(answer, "logits", answer)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(answer, torch.Tensor):
        if answer.is_complex():
            _refuse_complex(answer.dtype)
        unit = float(torch.finfo(answer.dtype).eps) if answer.is_floating_point() else 0.0
        return answer.detach().to("cpu", torch.float64).numpy(), unit
    array = np.asarray(answer)
    if array.dtype.kind == "c":
        _refuse_complex(array.dtype)
    if array.dtype.kind == "f":
        return array, max(float(np.finfo(array.dtype).eps), 2.0**-52)
    return array, 0.0 if array.dtype.kind in "biu" else BFLOAT16 if array.dtype.name == "bfloat16" else 2.0**-52


def _refuse_complex(dtype: Any) -> None:
    raise BadValue(f"the callable answered complex numbers ({dtype}); logits are real. Give their real part or size.")
