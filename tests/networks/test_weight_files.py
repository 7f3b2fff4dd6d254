"""Saved networks come back bit for bit; anything else is named and refused."""

import json
import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from readoff.core.errors import BadValue, Damaged, ReadoffError
from readoff.networks.architecture import Architecture, EffectiveArchitecture
from readoff.networks.files import NewerFile, NotOurs, load, save
from readoff.networks.network import Ensemble, Network

ARCHITECTURES = [
    Architecture(d_vocab=4, d_vocab_out=3, n_ctx=3, d_model=5, d_head=2),
    Architecture(d_vocab=4, d_vocab_out=3, n_ctx=3, d_model=5, d_mlp=7, n_layers=2, positions=True, act_fn="gelu"),
    EffectiveArchitecture(d_vocab=4, d_vocab_out=3, n_ctx=3, d_head=2, biases=False),
]


def weights_of(architecture, lead=(), dtype=np.float32):
    rng = np.random.default_rng(0)
    return {k: rng.standard_normal((*lead, *s)).astype(dtype) for k, s in architecture.shapes().items()}


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=["full", "deep", "effective"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_round_trip(tmp_path, architecture, dtype):
    network = Network(architecture, weights_of(architecture, dtype=dtype), "trained", "recipe x, seed 3 — ö")
    digest = save(network, tmp_path / "n.safetensors")
    back = load(str(tmp_path / "n.safetensors"))
    assert isinstance(back, Network) and back.hash == digest == network.hash
    assert (back.architecture, back.provenance, back.origin) == (architecture, "trained", network.origin)
    ensemble = Ensemble(
        architecture, weights_of(architecture, (3,), dtype), np.array([5, 6, 9]), alive=np.array([True, False, True])
    )
    save(ensemble, tmp_path / "e.safetensors")
    many = load(tmp_path / "e.safetensors")
    assert isinstance(many, Ensemble) and many.hash == ensemble.hash
    assert many.seeds.tolist() == [5, 6, 9] and many.alive.tolist() == [True, False, True]


def test_special_numbers_and_views_survive(tmp_path):
    architecture = EffectiveArchitecture(2, 2, 2, n_heads=1, d_head=1, biases=False)
    weights = {"scores": np.array([[-0.0, 5e-324]]), "V": np.full((1, 2, 2), np.nan)[:, :, :1],
               "O": np.arange(4.0)[::2].reshape(1, 1, 2)}  # fmt: skip
    network = Network(architecture, weights)
    save(network, tmp_path / "n")
    assert load(tmp_path / "n").hash == network.hash


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "n.safetensors"
    save(Network(ARCHITECTURES[0], weights_of(ARCHITECTURES[0])), path)
    return path


def test_cut_short_anywhere_is_damaged_and_named(saved):
    whole = saved.read_bytes()
    for length in (0, 5, 8, 40, 300, len(whole) - 1):
        saved.write_bytes(whole[:length])
        with pytest.raises(Damaged, match=r"n\.safetensors"):
            load(saved)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("x") / "n.safetensors"
    network = Network(ARCHITECTURES[0], weights_of(ARCHITECTURES[0]))
    save(network, path)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= change
    path.write_bytes(data)
    try:
        back = load(path)
    except ReadoffError as error:
        assert "n.safetensors" in str(error)
    else:  # only texts about the weights may differ silently; the weights themselves never
        assert back.hash == network.hash


def test_foreign_files(tmp_path, saved):
    save_file({"embed.W_E": np.zeros((2, 2), np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(NotOurs, match=r"readoff import .*other\.safetensors"):
        load(tmp_path / "other.safetensors")
    with pytest.raises(BadValue, match="No such file"):
        load(tmp_path / "missing.safetensors")
    (tmp_path / "model.pt").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(BadValue, match=r"never read.*save_file"):
        load(tmp_path / "model.pt")
    (tmp_path / "model.zip").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(BadValue, match="PyTorch"):
        load(tmp_path / "model.zip")


def test_a_header_may_be_as_long_as_a_pickle_begins(tmp_path):
    """The first bytes of a safetensors file are the length of its header: 1152 and 19280 begin like a pickle, a zip."""
    architecture = EffectiveArchitecture(d_vocab=2, d_vocab_out=2, n_ctx=2, n_heads=1, d_head=1)
    weights = {name: np.zeros(shape) for name, shape in architecture.shapes().items()}
    seen = set()
    for size in (*range(500, 1300, 8), *range(18_400, 19_400, 8)):
        save(Network(architecture, weights, "imported", "x" * size), tmp_path / "w.safetensors")
        seen.add((tmp_path / "w.safetensors").read_bytes()[:2])
        assert load(tmp_path / "w.safetensors").origin == "x" * size
    assert {b"\x80\x04", b"PK"} <= seen


def rewritten(path, **changes):
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        tensors = {k: file.get_tensor(k) for k in file.keys()}
        about = json.loads(file.metadata()["readoff"])
    save_file(tensors, path, {"readoff": json.dumps({**about, **changes})})


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"schema": 99}, NewerFile, "Update readoff"),
        ({"weights": "0" * 64}, Damaged, "hash differs"),
        ({"architecture": {"kind": "Evil"}}, Damaged, "Evil"),
        ({"architecture": {"kind": "Architecture", "d_vocab": "x"}}, Damaged, "d_vocab"),
        ({"architecture": None}, Damaged, "kind"),
        ({"seeds": ["a"]}, Damaged, "cannot be used"),
        ({"seeds": [1]}, Damaged, "alive"),
    ],
)
def test_headers_that_lie(saved, changes, error, words):
    rewritten(saved, **changes)
    with pytest.raises(error, match=words):
        load(saved)


def test_a_failed_write_leaves_the_old_file(saved, monkeypatch):
    old = saved.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ReadoffError, match="No space left"):
        save(Network(ARCHITECTURES[0], weights_of(ARCHITECTURES[0], dtype=np.float64)), saved)
    assert saved.read_bytes() == old and [p.name for p in saved.parent.iterdir()] == [saved.name]
    monkeypatch.undo()
    with pytest.raises(ReadoffError, match="could not be written"):
        save(Network(ARCHITECTURES[0], weights_of(ARCHITECTURES[0])), saved.parent / "no" / "such" / "folder")


def test_equal_networks_have_equal_files(tmp_path):
    network = Network(ARCHITECTURES[0], weights_of(ARCHITECTURES[0]))
    shuffled = Network(ARCHITECTURES[0], dict(reversed(network.weights.items())))
    for name, one in (("a", network), ("b", shuffled)):
        save(one, tmp_path / name)
    assert load(tmp_path / "a").hash == load(tmp_path / "b").hash
