"""Somebody else's network: any callable from tokens to logits, evaluated on every input of a domain.

    def model(tokens):                      # int64 [batch, n_ctx]
        return logits                       # [batch, d_vocab_out] or [batch, n_ctx, d_vocab_out]

    logits = evaluate(model, task)              # float64 [n, d_vocab_out], one row for every input of task.domain()

A PyTorch module gets tokens as a torch tensor on its own device, without gradients; anything else (JAX, numpy, plain
Python) gets a numpy array. Answers may be torch tensors, arrays, nested lists, or objects with a `logits` field; of
answers with a position axis the last position is read. What is not a network's answer (wrong shape, NaN, different
answers to the same question) is refused with what was found and what was expected.

>>> from readoff.tasks.pairs import Pairs
>>> evaluate(lambda tokens: tokens[:, :3] * 1.0, Pairs(2, 1, 3))[0].tolist()
[1.0, 1.0, 0.0]
"""

import sys
from typing import Any

import numpy as np

from readoff.core.domain import Domain
from readoff.core.errors import BadValue, ReadoffError
from readoff.tasks.base import Task

SAME = 1e-5


class CallableFailed(ReadoffError):
    """The user's callable raised; the message says on which inputs and what."""


def evaluate(model: Any, task: Task, domain: Domain | None = None, batch: int = 4096) -> np.ndarray:
    """float64 [n, d_vocab_out]: the callable's logits at the last position of every input.

    domain  the task's full domain by default: nothing is known about the symmetries of a callable
    batch   at most so many inputs at a time

    BadValue: a wrong shape, NaN or +inf, answers that change when asked again. CallableFailed: the callable raised.
    """
    if not callable(model):
        raise BadValue(f"expected a callable from tokens to logits, got a {type(model).__name__}.")
    tokens = (task.domain() if domain is None else domain).tokens.astype(np.int64)
    out = np.empty((len(tokens), task.d_vocab_out))
    for start in range(0, len(tokens), batch):
        out[start : start + batch] = _logits(model, tokens[start : start + batch], task.d_vocab_out)
    few = tokens[: max(1, min(len(tokens), batch, 64) // 2)]
    if not np.allclose(_logits(model, few, task.d_vocab_out), out[: len(few)], rtol=SAME, atol=SAME):
        raise BadValue(
            "the callable gave different answers when asked the same inputs again in a smaller batch. Turn off dropout "
            "and batch statistics (PyTorch: model.eval()) and fix random numbers."
        )
    return out


def _logits(model: Any, tokens: np.ndarray, d_vocab_out: int) -> np.ndarray:
    try:
        answer = _ask(model, tokens)
        array = np.asarray(answer, dtype=np.float64)
    except ReadoffError:
        raise
    except Exception as error:
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
    return array


def _ask(model: Any, tokens: np.ndarray) -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        return _plain(model(tokens))
    with torch.no_grad():
        if isinstance(model, torch.nn.Module):
            place = next((p.device for p in model.parameters()), torch.device("cpu"))
            return _plain(model(torch.as_tensor(tokens, device=place)))
        return _plain(model(tokens))


def _plain(answer: Any) -> Any:
    """Logits without their wrapping: a `logits` field, a torch tensor on some device and in some float type."""
    answer = getattr(answer, "logits", answer)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(answer, torch.Tensor):
        return answer.detach().to("cpu", torch.float64).numpy()
    return answer
