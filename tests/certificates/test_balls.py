import itertools
import time
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpz_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_by_hand import numpy_logits, pair_domain, random_weights

from readoff.certificates.balls import certify_margins, enclose_logits, enclose_loss
from readoff.certificates.count_tables import CountTables, tables_from_effective, tables_from_weights
from readoff.certificates.dyadic import Dyadic, dyadic


def frequencies(d: int = 2) -> CountTables:
    """Logits are the shares of the tokens in the context."""
    return tables_from_effective(np.zeros((1, d)), np.eye(d)[None], np.eye(d)[None])


def test_margins_by_hand():
    found = certify_margins(frequencies(), np.array([[1, 3], [3, 1], [2, 2]]), np.array([1, 1, 0]))
    assert found.status.tolist() == ["correct", "wrong", "wrong"]
    assert found.lower.tolist() == [0.5, -0.5, 0.0] and found.upper.tolist() == [0.5, -0.5, 0.0]
    assert not found.all_correct and found.smallest_margin == (-0.5, -0.5)


def test_accuracy_and_loss_by_hand():
    found = certify_margins(frequencies(), np.array([[0, 1], [1, 0]]), np.array([1, 1]), weights=[1, 3], denominator=4)
    assert found.accuracy == (0.25, 0.25)
    lo, hi = found.loss
    true = 0.25 * np.log1p(np.exp(-1)) + 0.75 * np.log1p(np.exp(1))
    assert lo <= hi and hi - lo < 1e-15 and abs(lo - true) < 1e-15


def test_full_weights_by_hand_in_integers():
    """W_E the identity, no query, so uniform attention; integer values, every bias in use."""
    weights = {
        "embed.W_E": np.eye(3),
        "unembed.W_U": np.array([[0, 0], [1, 0], [0, 1]]),
        "unembed.b_U": np.array([0, 1]),
        "blocks.0.attn.W_Q": np.zeros((1, 3, 1)),
        "blocks.0.attn.W_K": np.ones((1, 3, 1)),
        "blocks.0.attn.W_V": np.array([[[0], [4], [8]]]),
        "blocks.0.attn.b_V": np.array([[2]]),
        "blocks.0.attn.W_O": np.array([[[0, 1, -1]]]),
        "blocks.0.attn.b_O": np.array([5, 1, 0]),
    }
    tables = tables_from_weights(weights, d_head_scale=1, direct_path=True, read_token=2)
    assert [[int(x) for x in r] for r in tables.values[0].fractions()] == [[2, -2], [6, -6], [10, -10]]
    assert [int(x) for x in tables.base.fractions()[0]] == [1, 2]  # b_O W_U = (1, 0), E[2] W_U + b_U = (0, 1 + 1)
    lower, upper = enclose_logits(tables, np.array([[0, 1, 1], [2, 1, 1]]))
    assert lower.tolist() == [[9, -6], [6, -3]] == upper.tolist()  # attention averages 8 and 5
    without = tables_from_weights(weights, d_head_scale=1, direct_path=False, read_token=2)
    assert [int(x) for x in without.base.fractions()[0]] == [1, 1]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_heads=st.integers(1, 3),
    d_vocab=st.integers(1, 6),
    d_head=st.integers(1, 4),
    scale=st.integers(1, 4),
    direct=st.booleans(),
    biases=st.booleans(),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_balls_agree_with_numpy(seed, n_heads, d_vocab, d_head, scale, direct, biases, dtype):
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, n_heads, d_vocab, 4, d_head, 3, biases, dtype)
    counts = rng.integers(0, 3, (7, d_vocab))
    counts[:, 0] += 1
    how = {"d_head_scale": scale, "direct_path": direct, "read_token": 0}
    lower, upper = enclose_logits(tables_from_weights(weights, **how), counts)
    plain = numpy_logits(weights, counts, **how)
    assert (lower <= upper).all() and (upper - lower < 1e-12 * (1 + abs(plain))).all()
    assert np.allclose(lower, plain, rtol=1e-9, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_heads=st.integers(1, 3))
def test_balls_hold_the_value_at_three_hundred_bits(seed, n_heads):
    """The logits of an effective model recomputed term by term at 300 bits lie between the float bounds."""
    rng = np.random.default_rng(seed)
    scores, V = rng.normal(size=(n_heads, 4)) * 30, rng.normal(size=(n_heads, 4, 2))
    O = rng.normal(size=(n_heads, 2, 3))  # noqa: E741
    b = rng.normal(size=3)
    counts = rng.integers(0, 3, (5, 4)) + np.eye(5, 4, dtype=int) + (np.arange(5)[:, None] == 4)
    lower, upper = enclose_logits(tables_from_effective(scores, V, O, b), counts)
    with ctx.workprec(300):
        exact = lambda x: arb(fmpq(*Fraction(float(x)).as_integer_ratio()))  # noqa: E731
        for i, o in itertools.product(range(5), range(3)):
            value = exact(b[o])
            for h in range(n_heads):
                e = [int(counts[i, v]) * exact(scores[h, v]).exp() for v in range(4)]
                written = [sum(exact(V[h, v, k]) * exact(O[h, k, o]) for k in range(2)) for v in range(4)]
                value += sum(x * y for x, y in zip(e, written)) / sum(e)
            assert exact(lower[i, o]) <= value <= exact(upper[i, o])
            assert upper[i, o] - lower[i, o] <= 1e-14 * (1 + abs(lower[i, o]))


@pytest.mark.parametrize("sign", [1, -1])
def test_near_tie_below_float_resolution(sign):
    """Two logits 1 + 2^-60 and 1 (both stored as sums of floats): float64 says tie, balls say which."""
    V = np.array([[[1.0, sign * 2.0**-60]]])
    O = np.array([[[1.0, 1.0], [1.0, 0.0]]])  # noqa: E741
    assert (V[0] @ O[0])[0, 0] == (V[0] @ O[0])[0, 1] == 1.0
    found = certify_margins(tables_from_effective(np.zeros((1, 1)), V, O), np.array([[1]]), np.array([0]))
    assert found.status.tolist() == ["correct" if sign > 0 else "wrong"]
    assert found.lower[0] == sign * 2.0**-60 == found.upper[0]


def near_tie(bits: int) -> CountTables:
    """Logit 0 is the attention share e / (1 + e); logit 1 is the same number cut after `bits` binary digits."""
    with ctx.workprec(bits + 200):
        share = arb(1).exp() / (1 + arb(1).exp())
        digits = (share * arb((1, bits))).floor().unique_fmpz()
    raw = dyadic(np.array([[1.0, 0.0]])).less_its_largest()
    values = dyadic(np.array([[1.0, 0.0], [0.0, 0.0]]))
    return CountTables((raw,), 1, (values,), Dyadic(fmpz_mat([[0, digits]]), -bits))


@pytest.mark.parametrize("bits", [60, 200, 1000])
def test_near_ties_are_settled_at_the_precision_they_need(bits):
    counts = np.array([[1, 1]])
    found = certify_margins(near_tie(bits), counts, np.array([0]))
    assert found.status.tolist() == ["correct"] and 0 < found.lower[0] <= found.upper[0] <= 2 * 2.0**-bits
    assert found.bits >= bits
    other = certify_margins(near_tie(bits), counts, np.array([1]))
    assert other.status.tolist() == ["wrong"] and -2 * 2.0**-bits <= other.lower[0] <= other.upper[0] < 0


def test_transcendental_ties_are_proved():
    """Two tokens with one score and opposite values cancel exactly, whatever the (irrational) attention."""
    scores = np.array([[0.3, 0.3, 1.7], [0.1, 0.9, -2.2]])
    V = np.array([[[1.0], [-1.0], [0.0]], [[5.0], [5.0], [5.0]]])
    O = np.array([[[1.0, -1.0]], [[1.0, 1.0]]])  # noqa: E741
    tables = tables_from_effective(scores, V, O)
    found = certify_margins(tables, np.array([[2, 2, 3], [2, 1, 3]]), np.array([0, 0]))
    assert found.status.tolist() == ["wrong", "correct"] and (found.lower[0], found.upper[0]) == (0.0, 0.0)


def test_all_weights_zero_is_a_tie_everywhere():
    weights = {name: np.zeros_like(w) for name, w in random_weights(np.random.default_rng(0)).items()}
    counts, labels, share = pair_domain()
    tables = tables_from_weights(weights, d_head_scale=5, direct_path=True, read_token=0)
    found = certify_margins(tables, counts, labels, weights=share, denominator=sum(share))
    assert (found.status == "wrong").all() and found.accuracy == (0.0, 0.0)
    assert found.loss[0] <= np.log(10) <= found.loss[1] + 1e-15


def test_a_gap_of_two_hundred_in_the_scores():
    """A context that holds only low-score tokens still has its own softmax."""
    tables = tables_from_effective(np.array([[200.0, 0.0, -5.0]]), np.eye(3)[None], np.eye(3)[None])
    lower, upper = enclose_logits(tables, np.array([[0, 1, 1], [1, 1, 1]]))
    share = 1 / (1 + np.exp(-5.0))
    assert abs(lower[0, 1] - share) < 1e-15 and (upper - lower).max() < 1e-15
    assert 0 < lower[1, 1] <= upper[1, 1] < 2e-87
    found = certify_margins(tables, np.array([[1, 1, 0], [1, 0, 1]]), np.array([0, 2]))
    assert found.status.tolist() == ["correct", "wrong"]


def test_one_changed_entry_is_found():
    """Values 0,1,4,6 name the pair by nearest point: all 280 inputs certified, planted errors found."""
    counts, labels, share = pair_domain()
    tables = golomb()
    found = certify_margins(tables, counts, labels, weights=share, denominator=sum(share))
    assert found.all_correct and found.accuracy == (1.0, 1.0)
    wrong_base = golomb(bump=0.5)
    broken = certify_margins(wrong_base, counts, labels)
    assert not broken.all_correct and (broken.status == "correct").any()
    relabelled = labels.copy()
    relabelled[17] = (relabelled[17] + 1) % 10
    assert np.flatnonzero(certify_margins(tables, counts, relabelled).status != "correct").tolist() == [17]


def golomb(bump: float = 0.0) -> CountTables:
    token = np.zeros(12)
    token[1:5] = [0, 1, 4, 6]
    means = np.array([(token[a] + token[b]) / 5 for a, b in itertools.combinations_with_replacement(range(1, 5), 2)])
    b = -(means**2)
    b[3] += bump
    return tables_from_effective(np.zeros((1, 12)), token[None, :, None], 2 * means[None, None], b)


def test_small_losses_keep_their_digits():
    tables = tables_from_effective(np.zeros((1, 1)), np.ones((1, 1, 1)), np.array([[[100.0, 0.0]]]))
    found = certify_margins(tables, np.array([[1]]), np.array([0]), weights=[1], denominator=1)
    assert 0 < found.loss[0] <= found.loss[1] and found.loss[1] / found.loss[0] - 1 < 1e-14
    assert abs(found.loss[0] / np.exp(-100) - 1) < 1e-12


def test_losses_against_distributions():
    counts, labels, share = pair_domain()
    weights = random_weights(np.random.default_rng(5))
    tables = tables_from_weights(weights, d_head_scale=5, direct_path=True, read_token=0)
    one_hot = [[Fraction(int(o == y)) for o in range(10)] for y in labels]
    total = sum(share)
    direct = certify_margins(tables, counts, labels, weights=share, denominator=total)
    same = certify_margins(tables, counts, labels, weights=share, denominator=total, targets=one_hot)
    assert direct.loss[0] <= same.loss[1] and same.loss[0] <= direct.loss[1]
    uniform = [[Fraction(1, 10)] * 10] * len(labels)
    lo, hi = enclose_loss(tables, counts, uniform, share, total)
    logits = numpy_logits(weights, counts, d_head_scale=5, direct_path=True, read_token=0)
    top = logits.max(axis=1)
    plain = (np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top - logits.mean(axis=1)) @ np.array(share) / total
    assert hi - lo < 1e-12 and abs(lo - plain) < 1e-9
    with pytest.raises(ValueError, match="exact sum 1"):
        enclose_loss(tables, counts, [[Fraction(1, 9)] * 10] * len(labels), share, total)


def test_padding_d_head_changes_nothing():
    weights = random_weights(np.random.default_rng(1))
    padded = dict(weights)
    for x in "QKV":
        padded[f"blocks.0.attn.W_{x}"] = np.pad(weights[f"blocks.0.attn.W_{x}"], ((0, 0), (0, 0), (0, 3)))
        padded[f"blocks.0.attn.b_{x}"] = np.pad(weights[f"blocks.0.attn.b_{x}"], ((0, 0), (0, 3)))
    padded["blocks.0.attn.W_O"] = np.pad(weights["blocks.0.attn.W_O"], ((0, 0), (0, 3), (0, 0)))
    how = {"d_head_scale": 5, "direct_path": True, "read_token": 0}
    counts, _, _ = pair_domain()
    assert np.array_equal(
        enclose_logits(tables_from_weights(weights, **how), counts)[0],
        enclose_logits(tables_from_weights(padded, **how), counts)[0],
    )


BAD = {
    "a name is missing": ({"embed.W_E": None}, "lack embed.W_E"),
    "positions": ({"pos_embed.W_pos": np.zeros((5, 16))}, "pos_embed.W_pos"),
    "a wrong shape": ({"blocks.0.attn.W_K": np.zeros((2, 16, 4))}, "W_K has shape"),
    "not finite": ({"unembed.W_U": np.full((16, 10), np.nan)}, "not finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_weights_are_refused(case):
    change, message = BAD[case]
    weights = {k: v for k, v in (random_weights(np.random.default_rng(0)) | change).items() if v is not None}
    with pytest.raises(ValueError, match=message):
        tables_from_weights(weights, d_head_scale=5, direct_path=True, read_token=0)


def test_bad_inputs_are_refused():
    tables = frequencies()
    fine = np.array([[1, 1]])
    for counts, labels, message in [
        (np.array([[1, 1, 1]]), np.array([0]), "expected"),
        (np.array([[0, 0]]), np.array([0]), "empty"),
        (np.array([[2, -1]]), np.array([0]), "negative"),
        (np.array([[0.5, 0.5]]), np.array([0]), "integers"),
        (fine, np.array([2]), "outputs are 0 to 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            certify_margins(tables, counts, labels)
    with pytest.raises(ValueError, match="come together"):
        certify_margins(tables, fine, np.array([0]), weights=[1])
    with pytest.raises(ValueError, match="add up"):
        certify_margins(tables, fine, np.array([0]), weights=[1], denominator=2)
    with pytest.raises(ValueError, match="read_token"):
        tables_from_weights(random_weights(np.random.default_rng(0)), d_head_scale=5, direct_path=True, read_token=12)
    with pytest.raises(ValueError, match="expected"):
        tables_from_effective(np.zeros((1, 3)), np.zeros((1, 2, 1)), np.zeros((1, 1, 2)))


def test_one_pair_network_takes_milliseconds():
    """The budget is 15 ms; the test allows a loaded machine four times that."""
    counts, labels, share = pair_domain()
    weights = random_weights(np.random.default_rng(2))
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        tables = tables_from_weights(weights, d_head_scale=5, direct_path=True, read_token=0)
        certify_margins(tables, counts, labels, weights=share, denominator=sum(share))
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.060
