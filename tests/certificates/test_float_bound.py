import sys
import time
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_by_hand import pair_domain, random_weights

import readoff.certificates.float_bound as float_bound
from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_effective, tables_from_weights
from readoff.certificates.float_bound import certify_large, gamma


def test_gamma_is_above_the_formula():
    for n in (1, 3, 12, 4096):
        assert Fraction(gamma(n)) > n * Fraction(1, 2**53) / (1 - n * Fraction(1, 2**53))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.1, 5.0, 100.0, 600.0]),
    size=st.sampled_from([1.0, 1e12]),
    n_heads=st.integers(1, 3),
)
def test_every_bound_holds_the_ball(seed, spread, size, n_heads):
    """Large values that cancel between heads, gaps beyond the range of exp: what balls know lies within."""
    rng = np.random.default_rng(seed)
    V = size * rng.normal(size=(n_heads, 4, 2))
    O = rng.normal(size=(n_heads, 2, 3))  # noqa: E741
    tables = tables_from_effective(spread * rng.normal(size=(n_heads, 4)), V, O, -V.sum(axis=(0, 1)) @ O[0])
    counts = rng.integers(0, 4, (20, 4)) * rng.integers(0, 2, (20, 4))
    counts[counts.sum(axis=1) == 0, 2] = 1
    labels = rng.integers(0, 3, 20)
    large, balls = certify_large(tables, counts, labels), certify_margins(tables, counts, labels)
    assert (large.certificate.status == balls.status).all()
    assert (large.certificate.lower <= balls.upper).all() and (balls.lower <= large.certificate.upper).all()
    assert large.n_fast + large.n_slow == 20
    if spread < 50:
        assert large.n_slow <= 2 and large.largest_bound < 1e-11 * size


def test_agrees_on_the_pair_task_and_sends_ties_to_balls():
    counts, labels, share = pair_domain()
    weights = random_weights(np.random.default_rng(7))
    tables = tables_from_weights(weights, d_head_scale=5, direct_path=True, read_token=0)
    large = certify_large(tables, counts, labels, weights=share, denominator=sum(share))
    balls = certify_margins(tables, counts, labels, weights=share, denominator=sum(share))
    assert (large.certificate.status == balls.status).all() and large.certificate.accuracy == balls.accuracy
    assert large.n_slow == 0 and 0 < large.largest_bound < 1e-11
    zero = tables_from_weights({k: 0 * w for k, w in weights.items()}, d_head_scale=5, direct_path=True, read_token=0)
    tied = certify_large(zero, counts, labels)
    assert tied.n_slow == 280 and (tied.certificate.status == "wrong").all()


def test_near_tie_goes_to_balls():
    V, O = np.array([[[1.0, 2.0**-60]]]), np.array([[[1.0, 1.0], [1.0, 0.0]]])  # noqa: E741
    found = certify_large(tables_from_effective(np.zeros((1, 1)), V, O), np.array([[1]]), np.array([0]))
    assert found.n_slow == 1 and found.certificate.status.tolist() == ["correct"]


MUTANTS = [
    ("gamma(len(middle)) * abs(middle) + radius", "radius", 64),
    ("gamma(len(middle)) * abs(middle) + radius", "gamma(len(middle)) * abs(middle)", 24),
    ("e_top + abs(ratio) * e_bottom", "e_top", 24),
    ("e_top + abs(ratio) * e_bottom", "abs(ratio) * e_bottom", 24),
    ("e_logits[each, labels][:, None] + e_logits", "e_logits", 24),
    ("np.where(known, (e_top", "np.where(True, (e_top", 64),
]


@pytest.mark.parametrize(("term", "without", "bits"), MUTANTS)
def test_a_bound_without_one_of_its_terms_is_caught(term, without, bits):
    """Each term of the bound is needed: without it some ball falls outside (coarse tables show the table's radius)."""
    source = Path(float_bound.__file__).read_text()
    assert source.count(term) == 1
    mutant = types.ModuleType("mutant")
    sys.modules["mutant"] = mutant
    exec(source.replace(term, without), mutant.__dict__)
    rng = np.random.default_rng(0)
    outside = {True: 0, False: 0}
    for kind in ["plain", "one token", "far scores", "exact table", "exact numerator"] * 4:
        n_heads, d_vocab = 1 + (kind == "far scores"), {"one token": 1, "exact table": 40}.get(kind, 5)
        scores = rng.normal(size=(n_heads, d_vocab)) * {"far scores": 2000, "exact table": 0}.get(kind, 1)
        V, O = rng.normal(size=(n_heads, d_vocab, 2)), rng.normal(size=(n_heads, 2, 3))  # noqa: E741
        if kind == "exact table":  # only the sums round
            O = np.array([[[1, 0, 0], [0, 1, 0]]])  # noqa: E741
        if kind == "exact numerator":  # only the token with score 0 in its gauge writes
            V, O = np.ceil(9 * V) * (scores == scores.max())[..., None], np.sign(O)  # noqa: E741
        tables = tables_from_effective(scores, V, O)
        counts, labels = rng.integers(0, 4, (50, d_vocab)), rng.integers(0, 3, 50)
        counts[:, -1] += 1
        balls = certify_margins(tables, counts, labels)
        for check in (mutant.certify_large, certify_large):
            large = check(tables, counts, labels, bits=bits).certificate
            outside[check is certify_large] += ((large.lower > balls.upper) | (large.upper < balls.lower)).sum()
    del sys.modules["mutant"]
    assert outside[True] == 0 < outside[False]


def test_a_hundred_thousand_inputs_take_about_a_second():
    tables = tables_from_weights(
        random_weights(np.random.default_rng(1)), d_head_scale=5, direct_path=True, read_token=0
    )
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 4, (100_000, 12))
    counts[:, 0] += 1
    start = time.perf_counter()
    found = certify_large(tables, counts, rng.integers(0, 10, 100_000))
    assert found.n_slow < 10 and time.perf_counter() - start < 20
