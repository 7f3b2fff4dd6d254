"""Hand-written networks for the pair task: witnesses that it can be done with so few heads and dimensions.

    one_head_table            one head; each signal token writes 3 on its double, 2 on its mixed pairs (any r: harmonic)
    one_head_d_head_1         one head, one dimension: tokens are numbers whose pair means differ, the nearest mean wins
    one_head_d_head_2_no_bias the same without any constant logit vector: the head also carries a constant 1
    one_head_d_head_3_no_bias signal tokens are points of a sphere (four of them: the corners of a tetrahedron)
    two_heads_d_head_1        one head finds the largest signal token, the other the smallest
    two_heads_d_head_1_no_bias  the same without any constant logit vector: head 0 carries the number, head 1 the 1

No query-key circuit is needed for one head: noise and read-off write 0 and their number never changes, so uniform
attention (`gap=0`) only scales what is written. With `gap` > 0 signal tokens are preferred by that many nats.

>>> from readoff.tasks.pairs import Pairs
>>> network = one_head_d_head_1(Pairs())
>>> network.weights["blocks.0.attn.W_V"].shape, network.origin
((1, 16, 1), 'pairs: one head, d_head 1, values 0 1 4 6, gap 0; exact')

Sources: the table is L. Chan's; the (max, min) reading is Greenspan & Wynroe's hierarchy; the others are answers to
"the task needs rank 4". Every function takes `architecture` (full or effective); by default the smallest full one with
d_model >= 16. BadValue for task shapes a construction does not cover; Unreachable for too small an architecture.
"""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import numpy as np

from readoff.constructions.builder import Factors, build
from readoff.constructions.rational import Rows, zeros
from readoff.constructions.sidon import b_r_set, is_b_r_set
from readoff.core.errors import BadValue, Unreachable
from readoff.networks.architecture import AnyArchitecture, architecture_for
from readoff.networks.network import Network
from readoff.tasks.pairs import Pairs

Readout = Literal["nearest", "unit"]
TETRAHEDRON = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))


def one_head_table(
    task: Pairs,
    diagonal: float | Fraction = 3,
    off_diagonal: float | Fraction = 2,
    *,
    gap: float = 0.0,
    architecture: AnyArchitecture | None = None,
) -> Network:
    """Chan's table for pairs: it works iff 1 < diagonal / off_diagonal < 2. EVOU has rank n_signal."""
    if task.n_per_input != 2:
        raise BadValue(f"a diagonal is for pairs; for {task.n_per_input} signal tokens use one_head_harmonic_table.")
    levels = (Fraction(0), Fraction(off_diagonal), Fraction(diagonal))
    name = f"one head, table {diagonal} and {off_diagonal}"
    return _one_table(task, levels, name, gap, architecture)


def one_head_harmonic_table(task: Pairs, *, gap: float = 0.0, architecture: AnyArchitecture | None = None) -> Network:
    """The table for r signal tokens: a token standing m times in a class writes r! (1 + 1/2 + ... + 1/m) on it.

    For r = 2 this is 3 on doubles, 2 on mixed pairs. It works for every r: moving one unit of a class from token a
    (there x times, in the input x too) to token b loses x / x = 1 and gains at most y / (y + 1) < 1.
    """
    r = task.n_per_input
    harmonic = [sum((Fraction(1, i) for i in range(1, m + 1)), Fraction(0)) for m in range(r + 1)]
    levels = tuple(math.factorial(r) * h for h in harmonic)
    return _one_table(task, levels, "one head, harmonic table", gap, architecture)


def one_head_d_head_1(
    task: Pairs,
    values: Sequence[int] | None = None,
    *,
    constant: Literal["bias", "direct_path"] = "bias",
    gap: float = 0.0,
    scale: int = 1,
    architecture: AnyArchitecture | None = None,
) -> Network:
    """Signal token t carries the number values[t - 1]; class c says scale (2 p_c x - p_c^2), p_c its mean number.

    x is the mean number of the signal tokens in the input, so the nearest p wins; for pairs the smallest margin is
    scale times 1/4 of the smallest squared distance of two sums. `constant` says where -p^2 comes from (biases without
    a direct path, or a direct path without biases); exact in float64 for pairs, and for others if r^2 divides `scale`.
    """
    numbers = _numbers(task, values)
    means = _means(task, numbers)
    readout = [[scale * 2 * p / _share(task, gap) for p in means]]
    factors = Factors(_rows(task, [[v] for v in numbers]), readout)
    base = [-scale * p * p for p in means]
    flags = dict(biases=constant == "bias", direct_path=constant == "direct_path")
    name = f"one head, d_head 1, values {' '.join(map(str, numbers))}, gap {gap:g}"
    return _realise(task, [_prefers(task, gap)], [factors], base, name, architecture, **flags)


def one_head_d_head_2_no_bias(
    task: Pairs,
    values: Sequence[int] | None = None,
    *,
    readout: Readout = "nearest",
    gap: float = 0.0,
    architecture: AnyArchitecture | None = None,
) -> Network:
    """Signal token t carries (values[t - 1], 1), so the head's output has the direction (p, 1): no constant is needed.

    "nearest": class c reads (2 p_c, -p_c^2), all rational. "unit": class c reads the unit vector along (p_c, 1).
    """
    numbers = _numbers(task, values)
    means = _means(task, numbers)
    share = _share(task, gap)
    if readout == "nearest":
        columns = [(2 * p / share, -p * p / share) for p in means]
    else:
        columns = [_unit((p, 1)) for p in means]
    factors = Factors(_rows(task, [[v, 1] for v in numbers]), list(zip(*columns)))
    name = f"one head, d_head 2, no bias, values {' '.join(map(str, numbers))}, {readout} readout, gap {gap:g}"
    return _realise(task, [_prefers(task, gap)], [factors], None, name, architecture)


def one_head_d_head_3_no_bias(
    task: Pairs, *, readout: Readout = "unit", gap: float = 0.0, architecture: AnyArchitecture | None = None
) -> Network:
    """Signal tokens carry points of a sphere, and classes point in the directions of their means, all different.

    Pairs of four signal tokens: the corners (+-1, +-1, +-1) of a tetrahedron. "unit": class c reads the unit vector
    along its pair's mean (smallest margin 1 - 3^-1/2 when the signal tokens get all attention). "nearest": 1 times the
    corner or 2 times the edge middle (smallest margin then 1), all integers.

    Any other task: rational points (x, y, 1) with x^2 + y^2 = 1 in a quarter of that circle, where the middle of a
    chord says which chord it is. "unit" as above; "nearest": (2 m, -|m|^2) for the class's mean (m, 1), so that the
    nearest mean wins. Margins shrink with n_signal as the means come together, and are certified like any others.
    """
    tetrahedron = (task.n_signal, task.n_per_input) == (4, 2)
    points = TETRAHEDRON if tetrahedron else _quarter_circle(task)
    columns = []
    for chosen in task.classes:
        mean = [sum((Fraction(points[t - 1][i]) for t in chosen), Fraction(0)) / task.n_per_input for i in range(3)]
        if readout == "unit":
            columns.append(_unit(mean))
        elif tetrahedron:
            columns.append([x if len(set(chosen)) == 1 else 2 * x for x in mean])
        else:
            columns.append([2 * mean[0], 2 * mean[1], -(mean[0] ** 2) - mean[1] ** 2])
    factors = Factors(_rows(task, points), list(zip(*columns)))
    shape = "tetrahedron" if tetrahedron else "points of a circle"
    name = f"one head, d_head 3, no bias, {shape}, {readout} readout, gap {gap:g}"
    return _realise(task, [_prefers(task, gap)], [factors], None, name, architecture)


def two_heads_d_head_1(
    task: Pairs,
    *,
    gap: float = 20.0,
    constant: Literal["bias", "direct_path"] = "bias",
    architecture: AnyArchitecture | None = None,
) -> Network:
    """Head 0 prefers larger signal tokens, head 1 smaller ones, each by `gap` nats; both pass on the token's number.

    With a large gap they output the pair's (max, min), and class (a, b) says 2 (a x + b y) - a^2 - b^2: nearest point.
    """
    if task.n_per_input != 2:
        raise BadValue(f"(max, min) identify a pair, not {task.n_per_input} signal tokens; give n_per_input=2.")
    numbers = list(task.signal_tokens)
    value = _rows(task, [[v] for v in numbers])
    heads = [Factors(value, [[2 * max(c) for c in task.classes]]), Factors(value, [[2 * min(c) for c in task.classes]])]
    scores = [[0] * task.d_vocab for _ in range(2)]
    for t in numbers:
        scores[0][t], scores[1][t] = gap * t, gap * (task.n_signal + 1 - t)  # type: ignore[call-overload]
    base = [-(max(c) ** 2) - min(c) ** 2 for c in task.classes]
    flags = dict(biases=constant == "bias", direct_path=constant == "direct_path")
    return _realise(task, scores, heads, base, f"two heads, d_head 1, (max, min), gap {gap:g}", architecture, **flags)


def two_heads_d_head_1_no_bias(
    task: Pairs, values: Sequence[int] | None = None, *, gap: float = 0.0, architecture: AnyArchitecture | None = None
) -> Network:
    """Head 0 carries the number values[t - 1] of signal token t, head 1 a 1 for each: the second is the constant.

    Class c says 2 p_c x - p_c^2 as in `one_head_d_head_1`, and -p_c^2 is what head 1 writes.
    """
    numbers = _numbers(task, values)
    means, share = _means(task, numbers), _share(task, gap)
    heads = [
        Factors(_rows(task, [[v] for v in numbers]), [[2 * p / share for p in means]]),
        Factors(_rows(task, [[1] for _ in numbers]), [[-p * p / share for p in means]]),
    ]
    name = f"two heads, d_head 1, no bias, values {' '.join(map(str, numbers))}, gap {gap:g}"
    return _realise(task, [_prefers(task, gap)] * 2, heads, None, name, architecture)


def _one_table(
    task: Pairs, levels: Sequence[Fraction], name: str, gap: float, architecture: AnyArchitecture | None
) -> Network:
    rows = [[levels[Counter(c)[t]] for c in task.classes] for t in task.signal_tokens]
    factors = Factors(_rows(task, np.eye(task.n_signal, dtype=int).tolist()), rows)
    return _realise(task, [_prefers(task, gap)], [factors], None, f"{name}, gap {gap:g}", architecture)


def _realise(
    task: Pairs,
    scores: Rows,
    values: Sequence[Factors],
    base: Rows | None,
    name: str,
    architecture: AnyArchitecture | None,
    biases: bool = False,
    direct_path: bool = False,
) -> Network:
    """The network, in the given architecture or in the smallest full one with d_model >= 16."""
    if architecture is not None:
        sizes = (architecture.d_vocab, architecture.d_vocab_out, architecture.n_ctx)
        if sizes != (task.d_vocab, task.d_vocab_out, task.n_ctx):
            raise BadValue(
                f"the architecture has d_vocab, d_vocab_out, n_ctx = {sizes}; this task has "
                f"{(task.d_vocab, task.d_vocab_out, task.n_ctx)}. Use architecture_for(task, ...)."
            )
        built = build(architecture, scores, values, base)
    else:
        d_head = max(len(v.O) for v in values)
        most = 16 + task.d_vocab + task.d_vocab_out
        for d_model in range(max(16, d_head), most):
            full = architecture_for(
                task, n_heads=len(values), d_head=d_head, d_model=d_model, biases=biases, direct_path=direct_path
            )
            try:
                built = build(full, scores, values, base)
                break
            except Unreachable:
                if d_model == most - 1:
                    raise
    exact = max(built.residual, built.score_residual)
    note = "exact" if exact == 0 else f"tables within {exact:.1e}"
    return Network(built.network.architecture, built.network.weights, "constructed", f"pairs: {name}; {note}")


def _numbers(task: Pairs, values: Sequence[int] | None) -> tuple[int, ...]:
    numbers = b_r_set(task.n_signal, task.n_per_input) if values is None else tuple(values)
    if len(numbers) != task.n_signal or not is_b_r_set(numbers, task.n_per_input):
        raise BadValue(
            f"values {list(numbers)}: expected {task.n_signal} numbers whose sums of {task.n_per_input} are all "
            f"different, like {list(b_r_set(task.n_signal, task.n_per_input))}."
        )
    return numbers


def _means(task: Pairs, numbers: Sequence[int]) -> list[Fraction]:
    return [Fraction(sum(numbers[t - 1] for t in c), task.n_per_input) for c in task.classes]


def _quarter_circle(task: Pairs) -> list[tuple[Fraction, Fraction, Fraction]]:
    """Rational points (x, y, 1) on the unit circle, all of whose sums of n_per_input are different."""
    numbers = range(task.n_signal) if task.n_per_input <= 2 else b_r_set(task.n_signal, task.n_per_input)
    slopes = [Fraction(number, max(numbers)) for number in numbers]
    points = [((1 - u * u) / (1 + u * u), 2 * u / (1 + u * u), Fraction(1)) for u in slopes]
    sums = {tuple(sum(points[t - 1][i] for t in c) for i in range(2)) for c in task.classes}
    if len(sums) < len(task.classes):
        raise BadValue(
            f"two classes of {task.n_per_input} among {task.n_signal} points of this circle have the same mean; use "
            "one_head_d_head_2_no_bias, whose numbers have different sums by construction."
        )
    return points


def _share(task: Pairs, gap: float) -> Fraction:
    """Attention on all signal tokens together."""
    others = (task.n_ctx - task.n_per_input) * Fraction(math.exp(-gap))
    return task.n_per_input / (task.n_per_input + others)


def _prefers(task: Pairs, gap: float) -> list[float]:
    return [gap if t in task.signal_tokens else 0.0 for t in range(task.d_vocab)]


def _rows(task: Pairs, of_signals: Sequence[Sequence[int | Fraction]]) -> np.ndarray:
    """[d_vocab, k]: the given rows for signal tokens, 0 for the read-off and noise."""
    out = zeros(task.d_vocab, len(of_signals[0]))
    out[1 : task.n_signal + 1] = [[Fraction(x) for x in row] for row in of_signals]
    return out


def _unit(vector: Sequence[Fraction | int]) -> list[float]:
    size = math.sqrt(sum(x * x for x in vector))
    return [float(x) / size for x in vector]
