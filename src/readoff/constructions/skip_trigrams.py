"""Hand-written networks for skip-trigrams with one source: two heads that cancel, or one head and the direct path.

    two_heads_cancel   head 0 looks at the destination b itself and raises c(b);
                       head 1 looks at the source [0] if it is there (and writes nothing), else at b, and lowers c(b) as
                       much as head 0 raises it. No [0]: both heads have the same scores and opposite values, so the
                       logits are exactly 0 whatever the gap. With [0]: head 1 looks away and c(b) stands.
    one_head_direct    the direct path raises c(b); one head is the canceller. The head reads b through softmax and the
                       direct path does not, so cancellation is only as good as the gap is large.

Embeddings are one-hot, d_model holds inputs and outputs apart, so two_heads_cancel has no direct path: this is the
setting in which two heads are needed at all.

>>> from readoff.tasks import SkipTrigrams
>>> network = two_heads_cancel(SkipTrigrams(k=5, n_ctx=10))
>>> network.architecture.n_heads, network.architecture.direct_path, network.architecture.d_head
(2, False, 9)

Source of the two heads: Anthropic, Circuits Updates, July 2023 (in words). d_head is the smallest square that holds k,
so that scores are exact.
"""

from math import isqrt

import numpy as np

from readoff.core.errors import BadValue
from readoff.networks.architecture import Architecture
from readoff.networks.network import Network
from readoff.tasks.skip_trigrams import SkipTrigrams


def two_heads_cancel(task: SkipTrigrams, scale: float = 20.0, gap: float = 4.0) -> Network:
    """Logits up to `scale` nats; a destination looks at itself `gap` nats more than at others, at [0] twice as much."""
    weights = _weights(task, n_heads=2, scale=scale, gap=gap)
    weights["blocks.0.attn.W_O"][0] *= -1.0
    weights["blocks.0.attn.W_K"][0, 0] = 0.0
    return _network(task, 2, weights, "one_hot", f"two heads cancel, scale {scale:g}, gap {gap:g}")


def one_head_direct(task: SkipTrigrams, scale: float = 20.0, gap: float = 20.0) -> Network:
    """One canceller, and a trainable direct path (an unembedding that is not the identity) that raises c(b)."""
    weights = _weights(task, n_heads=1, scale=scale, gap=gap)
    for b in task.destinations:
        weights["unembed.W_U"][b, task.completion(b)] = scale
    return _network(task, 1, weights, "learned", f"one head and the direct path, scale {scale:g}, gap {gap:g}")


def _weights(task: SkipTrigrams, n_heads: int, scale: float, gap: float) -> dict[str, np.ndarray]:
    """Every head a canceller: it looks at [0], else at b, and lowers c(b)."""
    if not (scale > 0 and gap > 0):
        raise BadValue(f"scale is {scale} and gap {gap}; expected both > 0 (nats).")
    d, d_head = task.d_vocab, _head_size(task)
    attn = {name: np.zeros((n_heads, 2 * d, d_head)) for name in "QKV"}
    out = np.zeros((n_heads, d_head, 2 * d))
    for place, b in enumerate(task.destinations):
        attn["Q"][:, b, place] = gap * isqrt(d_head)
        attn["K"][:, b, place] = 1.0
        attn["K"][:, 0, place] = 2.0
        attn["V"][:, b, place] = 1.0
        out[:, place, d + task.completion(b)] = -scale
    return {
        "embed.W_E": np.eye(d, 2 * d),
        **{f"blocks.0.attn.W_{letter}": array for letter, array in attn.items()},
        "blocks.0.attn.W_O": out,
        "unembed.W_U": np.eye(2 * d, d, k=-d),
    }


def _network(task: SkipTrigrams, n_heads: int, weights: dict, unembedding: str, name: str) -> Network:
    architecture = Architecture(
        task.d_vocab,
        task.d_vocab,
        task.n_ctx,
        n_heads=n_heads,
        d_model=2 * task.d_vocab,
        d_head=_head_size(task),
        biases=False,
        embedding="one_hot",
        unembedding=unembedding,  # type: ignore[arg-type]
        direct_path=n_heads == 1,
    )
    return Network(architecture, weights, "constructed", f"skip-trigrams: {name}")


def _head_size(task: SkipTrigrams) -> int:
    root = isqrt(task.k - 1) + 1
    return root * root
