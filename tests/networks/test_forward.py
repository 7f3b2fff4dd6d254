"""The direct forward: worked out by hand, against a plain re-computation, and with edits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import CASES, PAIRS, plain_logits, random_weights, run, run_with_sites

from readoff.core.edits import Edit
from readoff.core.errors import UnknownName
from readoff.networks.architecture import Architecture, EffectiveArchitecture, architecture_for
from readoff.networks.forward import sites

# One head, d_head 1, one-hot embeddings of three tokens. Only token 0 asks (q = 1), and token 1 answers with ln 2, so
# at a read-off 0 the attention is 2 : 1 : 1 for token 1, token 2 and the read-off. Values are 0, 4, 8; what is read is
# written as (z, 0, -z); the outputs are resid_0 + resid_2 and resid_1 + resid_2.
ONE_HEAD = {
    "embed.W_E": np.eye(3),
    "blocks.0.attn.W_Q": np.array([[[1.0], [0.0], [0.0]]]),
    "blocks.0.attn.W_K": np.array([[[0.0], [math.log(2)], [0.0]]]),
    "blocks.0.attn.W_V": np.array([[[0.0], [4.0], [8.0]]]),
    "blocks.0.attn.W_O": np.array([[[1.0, 0.0, -1.0]]]),
    "unembed.W_U": np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
}
MICRO = Architecture(3, 2, 3, n_heads=1, d_model=3, d_head=1, biases=False)


def test_one_head_by_hand():
    """Input 1 2 0.

    position 0: sees token 1: z = 4; resid = (0,1,0) + (4,0,-4) = (4,1,-4); logits 4-4 = 0 and 1-4 = -3
    position 1: q = 0, so uniform over 1, 2: z = 6; resid = (0,0,1) + (6,0,-6) = (6,0,-5); logits 1 and -5
    position 2: z = (2*4 + 1*8 + 1*0) / 4 = 4; resid = (1,0,0) + (4,0,-4) = (5,0,-4); logits 1 and -4
    """
    assert run(MICRO, ONE_HEAD, [[1, 2, 0]])[0] == pytest.approx(np.array([[0, -3], [1, -5], [1, -4]]), abs=1e-14)


def test_without_direct_path_the_embedding_is_missing_from_the_logits():
    """The same, less x @ W_U: (0, 1), (1, 1), (1, 0) for the tokens 1, 2, 0."""
    made = Architecture(3, 2, 3, n_heads=1, d_model=3, d_head=1, biases=False, direct_path=False)
    assert run(made, ONE_HEAD, [[1, 2, 0]])[0] == pytest.approx(np.array([[0, -4], [0, -6], [0, -4]]), abs=1e-14)


def test_without_causal_mask_every_position_sees_all():
    """Positions 0 and 1 ask nothing, so they take the mean value (0 + 4 + 8) / 3 = 4: resid (4,1,-4) and (4,0,-3)."""
    made = Architecture(3, 2, 3, n_heads=1, d_model=3, d_head=1, biases=False, causal=False)
    assert run(made, ONE_HEAD, [[1, 2, 0]])[0] == pytest.approx(np.array([[0, -3], [1, -3], [1, -4]]), abs=1e-14)


def test_the_scale_stands_in_for_the_root_of_d_head():
    """With scale 2 token 1 answers with 2 ln 2, so the attention is 4 : 1 : 1 and z = (4*4 + 8) / 6 = 4 again, but
    with value 10 for token 1 it is (40 + 8) / 6 = 8: resid (9,0,-8), logits 1 and -8."""
    weights = {**ONE_HEAD, "blocks.0.attn.W_V": np.array([[[0.0], [10.0], [8.0]]])}
    assert run(MICRO, weights, [[1, 2, 0]], scale=2.0)[0, 2] == pytest.approx([1, -8], abs=1e-14)


# A residual stream of one number. W_E and W_pos are 0, 1, 2; W_Q = 0, so attention is uniform over what is seen.
ONE_NUMBER = {
    "embed.W_E": np.array([[0.0], [1.0], [2.0]]),
    "pos_embed.W_pos": np.array([[0.0], [1.0], [2.0]]),
    **{f"blocks.{layer}.attn.W_{x}": np.ones((1, 1, 1)) for layer in (0, 1) for x in "KO"},
    **{f"blocks.{layer}.attn.b_{x}": np.zeros((1, 1)) for layer in (0, 1) for x in "QKV"},
    **{f"blocks.{layer}.attn.W_Q": np.zeros((1, 1, 1)) for layer in (0, 1)},
    "blocks.0.attn.W_V": np.ones((1, 1, 1)),
    "blocks.0.attn.b_O": np.zeros(1),
    "blocks.1.attn.W_V": np.zeros((1, 1, 1)),
    "blocks.1.attn.b_V": np.array([[2.0]]),
    "blocks.1.attn.b_O": np.ones(1),
    **{f"blocks.{layer}.mlp.W_in": np.ones((1, 1)) for layer in (0, 1)},
    **{f"blocks.{layer}.mlp.b_in": np.array([-2.0]) for layer in (0, 1)},
    **{f"blocks.{layer}.mlp.W_out": np.array([[3.0]]) for layer in (0, 1)},
    **{f"blocks.{layer}.mlp.b_out": np.ones(1) for layer in (0, 1)},
    "unembed.W_U": np.array([[1.0, -1.0]]),
    "unembed.b_U": np.array([0.0, 100.0]),
}


@pytest.mark.parametrize(
    "direct_path, expected", [(True, [[19, 81], [67, 33], [51, 49]]), (False, [[18, 82], [64, 36], [49, 51]])]
)
def test_two_layers_with_mlps_positions_and_biases_by_hand(direct_path, expected):
    """Input 1 2 0, embedded as 1+0, 2+1, 0+2 = 1, 3, 2.

    layer 0: attention adds the mean so far 1, 2, 2         -> 2, 5, 4
             MLP adds 3 relu(x - 2) + 1 = 1, 10, 7          -> 3, 15, 11
    layer 1: every value is b_V = 2, b_O = 1: adds 3        -> 6, 18, 14
             MLP adds 3 relu(x - 2) + 1 = 13, 49, 37        -> 19, 67, 51
    logits:  x and 100 - x; without direct path x is less by its embedding
    """
    made = Architecture(
        3, 2, 3, n_layers=2, n_heads=1, d_model=1, d_head=1, d_mlp=1, positions=True, direct_path=direct_path
    )
    assert run(made, ONE_NUMBER, [[1, 2, 0]])[0].tolist() == expected


def test_the_effective_model_by_hand():
    """Scores ln 3, 0 and V = 0, 4 with O = (1, -1), b = (0, 1): input 0 1 attends 3 : 1, so z = 1, logits 1 and 0."""
    made = EffectiveArchitecture(2, 2, 2, n_heads=1, d_head=1)
    weights = {"scores": [[math.log(3), 0.0]], "V": [[[0.0], [4.0]]], "O": [[[1.0, -1.0]]], "b": [0.0, 1.0]}
    arrays = {name: np.array(value) for name, value in weights.items()}
    assert run(made, arrays, [[0, 1]])[0] == pytest.approx(np.array([[0, 1], [1, 0]]), abs=1e-14)


# --- against a plain re-computation ---------------------------------------------------------------------------------


FIELDS = {
    "n_layers": st.integers(1, 2),
    "n_heads": st.integers(1, 2),
    "d_model": st.integers(1, 3),
    "d_head": st.integers(1, 2),
    "d_mlp": st.sampled_from([0, 2]),
    "act_fn": st.sampled_from(["relu", "gelu"]),
    **{name: st.booleans() for name in ("positions", "biases", "direct_path", "causal")},
}


@settings(max_examples=10)
@given(st.fixed_dictionaries(FIELDS), st.integers(0, 2**32 - 1))
def test_forward_is_the_plain_computation(fields, seed):
    made = architecture_for(PAIRS, **fields)
    weights = random_weights(made, seed)
    tokens = PAIRS.sample(seed, 3)
    assert run(made, weights, tokens) == pytest.approx(plain_logits(made, weights, tokens), rel=1e-10, abs=1e-10)


def test_the_largest_kind_is_the_plain_computation():
    made = architecture_for(PAIRS, n_layers=2, d_model=4, d_head=3, d_mlp=3, positions=True, direct_path=False)
    weights = random_weights(made, 0)
    tokens = PAIRS.domain().tokens
    assert run(made, weights, tokens) == pytest.approx(plain_logits(made, weights, tokens), rel=1e-10, abs=1e-10)


# --- sites and edits ------------------------------------------------------------------------------------------------

DEEP = architecture_for(PAIRS, n_layers=2, d_model=4, d_head=3, d_mlp=3, positions=True)


@pytest.mark.parametrize("architecture", [DEEP, CASES["effective"][1]])
def test_every_site_is_recorded_and_replacing_it_by_itself_changes_nothing(architecture):
    weights = random_weights(architecture, 1)
    tokens = PAIRS.sample(1, 2)
    logits, seen = run_with_sites(architecture, weights, tokens, record=sites(architecture))
    assert set(seen) == set(sites(architecture))
    noise = np.random.default_rng(0)
    for name, value in seen.items():
        same = run(architecture, weights, tokens, edits=[Edit(name, np.asarray(value))])
        assert same == pytest.approx(np.asarray(logits), abs=1e-12), name
        changed = np.asarray(value) + noise.standard_normal(value.shape)
        other = run(architecture, weights, tokens, edits=[Edit(name, changed)])
        assert np.abs(other - np.asarray(logits)).max() > 1e-3, name


def test_the_shapes_of_sites_are_transformer_lens_shapes():
    _, seen = run_with_sites(DEEP, random_weights(DEEP, 1), PAIRS.sample(1, 5), record=sites(DEEP))
    batch, pos, head, model, inner = 5, PAIRS.n_ctx, 2, 4, 3
    assert seen["hook_pos_embed"].shape == (pos, model) and seen["hook_embed"].shape == (batch, pos, model)
    assert seen["blocks.1.attn.hook_pattern"].shape == (batch, head, pos, pos)
    assert seen["blocks.1.attn.hook_z"].shape == (batch, pos, head, inner)
    assert seen["blocks.1.mlp.hook_post"].shape == (batch, pos, 3)


def test_an_edit_of_one_head_at_one_position_touches_only_what_it_names():
    """Ablating what position 1 reads: z there is 0, so resid = (0,0,1), logits 1 and 1; the rest is unchanged."""
    edit = Edit("blocks.0.attn.hook_z", 0.0, head=0, position=1)
    assert run(MICRO, ONE_HEAD, [[1, 2, 0]], edits=[edit])[0] == pytest.approx(
        np.array([[0, -3], [1, 1], [1, -4]]), abs=1e-14
    )


def test_an_edit_of_a_pattern_row_by_hand():
    """The last position made to look at token 2 only: z = 8, resid = (9,0,-8), logits 1 and -8."""
    edit = Edit("blocks.0.attn.hook_pattern", np.array([0.0, 1.0, 0.0]), head=0, position=-1)
    assert run(MICRO, ONE_HEAD, [[1, 2, 0]], edits=[edit])[0, 2] == pytest.approx([1, -8], abs=1e-14)


def test_later_edits_of_one_site_win():
    edits = [Edit("blocks.0.attn.hook_z", 100.0), Edit("blocks.0.attn.hook_z", 0.0)]
    assert run(MICRO, ONE_HEAD, [[1, 2, 0]], edits=edits)[0].tolist() == [[0, 1], [1, 1], [1, 0]]


def test_unknown_sites_are_named():
    with pytest.raises(UnknownName, match=r"'blocks\.0\.hook_z'.*mean 'blocks\.0\.attn\.hook_z'"):
        run(MICRO, ONE_HEAD, [[1, 2, 0]], record=["blocks.0.hook_z"])
    with pytest.raises(UnknownName, match="hook_mlp_out"):
        run(MICRO, ONE_HEAD, [[1, 2, 0]], edits=[Edit("blocks.0.hook_mlp_out", 0.0)])


def test_the_mask_hides_what_comes_later():
    weights = random_weights(DEEP, 2)
    tokens = PAIRS.domain().tokens[:4]
    changed = tokens.copy()
    changed[:, 2] = (changed[:, 2] + 1) % PAIRS.d_vocab
    ours, theirs = run(DEEP, weights, tokens), run(DEEP, weights, changed)
    assert (ours[:, :2] == theirs[:, :2]).all() and (ours[:, 2:] != theirs[:, 2:]).any()
