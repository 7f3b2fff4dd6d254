"""The builder gives exactly what was asked, in every architecture, or says which rank is missing."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.certificates.count_tables import tables_from_weights
from readoff.circuits.paths import CountTables, count_tables
from readoff.constructions.builder import Factors, build
from readoff.constructions.rational import coordinates, fractions, independent_columns, is_exact, rank
from readoff.core.errors import BadValue, Unreachable
from readoff.networks.architecture import Architecture, EffectiveArchitecture

FULL = dict(d_vocab=4, d_vocab_out=3, n_ctx=3, d_head=4, d_model=8)
CASES = {
    "plain": Architecture(**FULL),
    "no biases": Architecture(**FULL, biases=False),
    "no direct path": Architecture(**FULL, direct_path=False),
    "neither": Architecture(**FULL, biases=False, direct_path=False),
    "positions": Architecture(**FULL, positions=True),
    "one-hot in": Architecture(**FULL, embedding="one_hot", biases=False),
    "one-hot out": Architecture(**FULL, unembedding="one_hot"),
    "one-hot out, no biases": Architecture(**{**FULL, "d_model": 12}, unembedding="one_hot", biases=False),
    "one-hot both": Architecture(**FULL, embedding="one_hot", unembedding="one_hot"),
    "one head": Architecture(**FULL, n_heads=1),
    "effective": EffectiveArchitecture(4, 3, 3, d_head=4),
    "effective, no bias": EffectiveArchitecture(4, 3, 3, d_head=4, biases=False),
}
INTEGERS = st.integers(-3, 3)


def of_tokens(network, read_token):
    """Count tables over tokens; with positions, those of the first place after seeing that all places agree."""
    tables = count_tables(network.architecture, network.weights, read_token)
    if not network.architecture.positions:
        return tables
    places = [slice(4 * p, 4 * p + 4) for p in range(3)]
    assert all((tables.values[:, p] == tables.values[:, places[0]]).all() for p in places)
    assert all((tables.scores[:, p] == tables.scores[:, places[0]]).all() for p in places)
    return CountTables(tables.scores[:, places[0]], tables.values[:, places[0]], tables.base)


def check(built, scores, values, base, read_token=0):
    network = built.network
    tables = of_tokens(network, read_token)
    assert built.residual == 0.0
    np.testing.assert_array_equal(tables.values, np.asarray(values, float))
    np.testing.assert_array_equal(tables.base, np.asarray(base, float))
    off = tables.scores - np.asarray(scores, float)
    np.testing.assert_allclose(off, off[:, :1].repeat(off.shape[1], 1), atol=1e-13)
    assert built.score_residual <= 1e-13


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", CASES)
def test_integer_tables_are_reproduced(name, data):
    """Up to rounding, and the stated residual bounds what is off (dependent columns may need thirds)."""
    architecture = CASES[name]
    heads = architecture.n_heads

    def draw(*shape):
        flat = data.draw(st.lists(INTEGERS, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        return np.array(flat, dtype=int).reshape(shape)

    scores, values = draw(heads, 4), draw(heads, 4, 3)
    base = draw(3) if architecture.has_constant_logits else np.zeros(3, int)
    read = 0 if isinstance(architecture, EffectiveArchitecture) else data.draw(st.integers(0, 3))
    built = build(architecture, scores.tolist(), list(values), base.tolist(), read_token=read)
    tables = of_tokens(built.network, read)
    assert built.residual <= 1e-13 and built.score_residual <= 1e-13
    np.testing.assert_allclose(tables.values, values, atol=1e-12)
    np.testing.assert_allclose(tables.base, base, atol=1e-12)
    centred = tables.scores - tables.scores.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(centred, scores - scores.mean(axis=1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_a_simple_table_is_exact(name):
    architecture = CASES[name]
    table = np.array([[0, 0, 0], [3, 2, 0], [0, 2, 3], [0, 0, 0]])
    base = np.array([1, 0, -2]) * architecture.has_constant_logits
    scores = np.array([[0, 5, 5, 0], [1, 1, 1, 1]])[: architecture.n_heads]
    values = [table, -table[::-1]][: architecture.n_heads]
    check(build(architecture, scores, values, base), scores, values, base)


def test_the_residual_is_what_an_exact_checker_finds():
    """Thirds are no floats: compare the stated residual with the certificate package's exact tables."""
    third = Fraction(1, 3)
    architecture = Architecture(3, 2, 2, n_heads=1, d_head=2, d_model=4)
    values = [[[third, 1], [1, third], [2 * third, -1]]]
    built = build(architecture, [[0, 0, 0]], values, [third, 0])
    exact = tables_from_weights(built.network.weights, d_head_scale=2, direct_path=True, read_token=0)
    errors = [abs(x - y) for row, wanted in zip(exact.values[0].fractions(), values[0]) for x, y in zip(row, wanted)]
    errors += [abs(x - y) for x, y in zip(exact.base.fractions()[0], [third, 0])]
    assert 0 < built.residual == float(max(errors)) < 1e-15


def test_factors_are_used_as_given():
    architecture = EffectiveArchitecture(3, 2, 2, n_heads=1, d_head=2)
    left, right = np.array([[0.1, 1], [0.7, 1], [0.3, 1]]), np.array([[0.2, 0.9], [0.4, 0.5]])
    built = build(architecture, np.zeros((1, 3)), [Factors(left, right)])
    assert built.residual == 0
    np.testing.assert_array_equal(built.network.weights["V"][0], left)
    np.testing.assert_array_equal(built.network.weights["O"][0], right)
    wide = Factors(np.hstack([left, left]), np.vstack([right, right]))
    assert build(architecture, np.zeros((1, 3)), [wide]).residual < 1e-15


def test_missing_ranks_are_named():
    one = dict(d_vocab=4, d_vocab_out=4, n_ctx=3, n_heads=1)
    eye = np.eye(4, dtype=int)
    narrow = Architecture(**one, d_head=3, d_model=16)
    with pytest.raises(Unreachable, match=r"EVOU of head 0 has rank 4; d_head is 3. Give d_head >= 4.*leave rank 3"):
        build(narrow, np.zeros((1, 4)), [eye])
    eye[0] = 0
    assert build(narrow, np.zeros((1, 4)), [eye]).residual == 0
    thin = Architecture(**one, d_head=3, d_model=2)
    with pytest.raises(Unreachable, match=r"d_model is 2\. Give d_model >= 3"):
        build(thin, np.zeros((1, 4)), [eye])
    none = Architecture(**one, d_head=3, biases=False, direct_path=False)
    with pytest.raises(Unreachable, match="no constant logit vector"):
        build(none, np.zeros((1, 4)), [eye], [1, 0, 0, 0])


def test_a_constant_row_may_save_a_rank():
    """Rows (1, 1) and (1, 2): rank 2; taking the constant row (1, 1) out leaves rank 1."""
    architecture = EffectiveArchitecture(2, 2, 2, n_heads=1, d_head=1)
    with pytest.raises(Unreachable, match="leave rank 1"):
        build(architecture, [[0, 0]], [[[1, 1], [1, 2]]])
    assert build(architecture, [[0, 0]], [[[0, 0], [0, 1]]], [1, 1]).residual == 0


@settings(max_examples=30, deadline=None)
@given(data=st.data(), biases=st.booleans(), direct=st.booleans())
def test_the_least_d_model_is_a_rank(data, biases, direct):
    """Success needs d_model >= both ranks (an independent necessary condition), and one more coordinate is enough."""
    base_fields = dict(d_vocab=3, d_vocab_out=4, n_ctx=3, n_heads=1, d_head=3, biases=biases, direct_path=direct)
    numbers = st.lists(st.integers(-1, 1), min_size=12, max_size=12)
    table = np.array(data.draw(numbers)).reshape(3, 4)
    scores = np.array([data.draw(st.lists(st.integers(0, 1), min_size=3, max_size=3))])
    base = np.array(data.draw(st.lists(st.integers(-1, 1), min_size=4, max_size=4))) * (biases or direct)
    lower = rank(fractions(table))
    ones = fractions(np.ones((3, 1), int))
    features = rank(np.hstack([fractions(table), ones, fractions(scores.T)])) - 1
    if direct and not biases:
        lower = max(lower, rank(np.vstack([fractions(table), fractions(base[None])])))
    least = None
    for d_model in range(1, 9):
        try:
            built = build(Architecture(**base_fields, d_model=d_model), scores, [table], base)
        except Unreachable as error:
            assert least is None and f"Give d_model >= {d_model}" not in str(error)
            continue
        assert built.residual <= 1e-14
        least = least or d_model
    assert least is not None and max(lower, features) <= least <= max(1, lower, features) + 1


def test_tolerance():
    noisy = np.outer([1.0, 2, 3], [1.0, -1]) + 1e-9 * np.array([[1, 0], [0, 0], [0, 0]])
    architecture = EffectiveArchitecture(3, 2, 2, n_heads=1, d_head=1)
    with pytest.raises(Unreachable):
        build(architecture, np.zeros((1, 3)), [noisy])
    built = build(architecture, np.zeros((1, 3)), [noisy], tolerance=1e-8)
    assert 0 < built.residual <= 1e-8


def test_nonsense_is_refused():
    architecture = EffectiveArchitecture(3, 2, 2, n_heads=1, d_head=1)
    table = np.zeros((3, 2))
    for scores, values, base, words in [
        ([[0, 0]], [table], None, "n_heads, d_vocab"),
        ([[0, 0, -np.inf]], [table], None, "finite"),
        ([[0, 0, 0]], [table.T], None, r"expected \[3, 2\]"),
        ([[0, 0, 0]], [table], [1], "d_vocab_out"),
        ([[0, 0, 0]], [Factors(table, table)], None, "do not fit"),
        ([[0, 0, "a"]], [table], None, "expected numbers"),
    ]:
        with pytest.raises(BadValue, match=words):
            build(architecture, scores, values, base)
    with pytest.raises(BadValue, match="one attention layer"):
        build(Architecture(3, 2, 2, n_heads=1, n_layers=2), [[0, 0, 0]], [table])
    with pytest.raises(BadValue, match="read_token is 5"):
        build(Architecture(3, 2, 2, n_heads=1), [[0, 0, 0]], [table], read_token=5)


def test_exact_linear_algebra_by_hand():
    matrix = fractions([[1, 2, 3], [2, 4, 7], [0.1, 0.2, 0.3]])
    assert independent_columns(matrix) == [0, 2]
    assert rank(fractions([[1, 2], [3, 6 + 2**-40]])) == 2
    assert coordinates(fractions([[2, 0], [0, 3]]), fractions([[1], [1]])).tolist() == [[Fraction(1, 2)],
                                                                                       [Fraction(1, 3)]]  # fmt: skip
    assert not is_exact(fractions([Fraction(1, 3)])) and is_exact(fractions([0.1]))
    assert rank(fractions(np.zeros((2, 0)))) == 0


WHOLE = dict(d_vocab=4, d_vocab_out=3, n_ctx=3, d_head=4, d_model=14)
WHOLE_CASES = {
    "plain": Architecture(**WHOLE),
    "no biases": Architecture(**WHOLE, biases=False),
    "no direct path": Architecture(**WHOLE, direct_path=False),
    "neither": Architecture(**WHOLE, biases=False, direct_path=False),
    "one-hot in": Architecture(**WHOLE, embedding="one_hot"),
    "one-hot in, no biases": Architecture(**WHOLE, embedding="one_hot", biases=False),
    "one-hot in, no direct path": Architecture(**{**WHOLE, "d_model": 4}, embedding="one_hot", direct_path=False),
    "one-hot out": Architecture(**WHOLE, unembedding="one_hot"),
    "one-hot out, no biases": Architecture(**WHOLE, unembedding="one_hot", biases=False),
    "one-hot out, no direct path": Architecture(**WHOLE, unembedding="one_hot", direct_path=False),
    "one-hot both, no direct path": Architecture(
        **WHOLE, embedding="one_hot", unembedding="one_hot", direct_path=False, biases=False
    ),
    "one head": Architecture(**WHOLE, n_heads=1),
}


def whole_tables(network):
    """EQKE [head, query, key], EVOU and EU + bias [query, output], read off by the circuits package."""
    read = [count_tables(network.architecture, network.weights, token) for token in range(4)]
    return np.stack([t.scores for t in read], axis=1), read[0].values, np.stack([t.base for t in read])


@settings(max_examples=15, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", WHOLE_CASES)
def test_whole_tables_are_reproduced(name, data):
    architecture = WHOLE_CASES[name]

    def draw(*shape):
        flat = data.draw(st.lists(INTEGERS, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        return np.array(flat, dtype=int).reshape(shape)

    eqke, values = draw(architecture.n_heads, 4, 4), draw(architecture.n_heads, 4, 3)
    eu = draw(4, 3) if architecture.direct_path else np.tile(draw(3) * architecture.biases, (4, 1))
    built = build(architecture, eqke, list(values), eu)
    scores, evou, base = whole_tables(built.network)
    assert built.residual <= 1e-12 and built.score_residual <= 1e-12
    np.testing.assert_allclose(evou, values, atol=1e-11)
    np.testing.assert_allclose(base, eu, atol=1e-11)
    off = scores - eqke
    np.testing.assert_allclose(off, off[..., :1] + 0 * off, atol=1e-11)


def test_a_row_and_a_whole_table_may_be_mixed():
    architecture = Architecture(**WHOLE)
    eqke, values = np.arange(32).reshape(2, 4, 4) % 5, [np.eye(4, 3)] * 2
    scores, _, base = whole_tables(build(architecture, eqke, values, [1, 2, 3]).network)
    assert np.array_equal(base, np.tile([1, 2, 3], (4, 1))) and np.ptp(scores - eqke, axis=-1).max() < 1e-12
    eu = np.arange(12).reshape(4, 3) % 7
    scores, _, base = whole_tables(build(architecture, [[0, 1, 2, 0]] * 2, values, eu).network)
    assert np.array_equal(base, eu) and np.ptp(scores - [0, 1, 2, 0], axis=-1).max() < 1e-12


def test_missing_ranks_of_whole_tables_are_named():
    small, values = dict(d_vocab=4, d_vocab_out=3, n_ctx=3, n_heads=1), [np.zeros((4, 3), int)]
    with pytest.raises(Unreachable, match=r"EQKE of head 0 has rank 3 up to a constant per query; d_head is 2\."):
        build(Architecture(**small, d_head=2), [np.eye(4, dtype=int)], values)
    build(Architecture(**small, d_head=3), [np.eye(4, dtype=int)], values)
    eu = np.eye(4, 3, dtype=int)
    with pytest.raises(Unreachable, match=r"EU has rank 3 beyond what every token says, and .* no direct path"):
        build(Architecture(**small, d_head=3, direct_path=False), [[0] * 4], values, eu)
    eu, values = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], [[[0, 0, 0]] * 3 + [[0, 0, 1]]]
    with pytest.raises(Unreachable, match=r"direct path takes 2 .* read 1 more .* write 1 more; .* Give d_model >= 4"):
        build(Architecture(**small, d_head=3, d_model=3), [[0] * 4], values, eu)
    assert build(Architecture(**small, d_head=3, d_model=4), [[0] * 4], values, eu).residual == 0
    with pytest.raises(BadValue, match="one query row"):
        build(EffectiveArchitecture(4, 3, 3, n_heads=1), [np.eye(4, dtype=int)], values)
    with pytest.raises(BadValue, match="a row for every query"):
        build(Architecture(**small), [np.eye(3, dtype=int)], values)
    with pytest.raises(BadValue, match="a row for every token"):
        build(Architecture(**small), [[0] * 4], values, np.eye(3, dtype=int))
    both = Architecture(**small, d_model=4, embedding="one_hot", unembedding="one_hot")
    with pytest.raises(BadValue, match="one-hot on both sides"):
        build(both, [[0] * 4], values, 2 * np.eye(4, 3, dtype=int))
