"""runs, show, read, import, export: on networks whose tables are worked out by hand."""

import json
import sqlite3
import subprocess
import sys

import made_networks as made
import numpy as np
import pytest
from safetensors.numpy import save_file

import readoff.claims.zoo
from readoff.cli.main import main
from readoff.networks.files import load as load_file
from readoff.store import imported

ID = made.RECIPE.id
NAN = float("nan")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readoff.claims.zoo, "SHIPPED", tmp_path / "no-zoo")
    made.put(tmp_path / ".readoff", [4.0, -2.0, 0.0, NAN])
    return tmp_path


def run(capsys, *arguments):
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def answer(capsys, *arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    return json.loads(out)


def refusal(capsys, *arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == ""
    return err


def test_runs_lists_what_is_stored(here, capsys):
    (one,) = answer(capsys, "runs")
    assert (one["id"], one["source"], one["networks"], one["damaged"]) == (ID, "trained", 4, 0)
    assert one["recipe"]["steps"] == 8
    assert answer(capsys, "runs", "--store", "elsewhere") == [] and not (here / "elsewhere").exists()


def test_show_counts_ties_and_diverged_networks_as_failures(here, capsys):
    found = answer(capsys, "show", ID)
    assert (found["n"], found["solved"], found["diverged"]) == (4, 1, [3])
    assert [n["margin"] for n in found["networks"]] == [2.0, -1.0, 0.0, None]
    assert [n["solved"] for n in found["networks"]] == [True, False, False, False]
    low, high = found["share"]
    assert low < 0.25 < high and found["recipe"]["task"]["kind"] == "Grid" and found["fingerprint"]["width"] == 4


@pytest.mark.parametrize("start", [ID, "echo-eff", ID.rsplit("-", 1)[1][:5]])
def test_the_beginning_of_an_id_is_enough(here, capsys, start):
    assert answer(capsys, "show", start)["id"] == ID


def test_ids_that_are_not_there_or_not_clear(here, capsys):
    assert f"Did you mean '{ID}'" in refusal(capsys, "show", "ecko")
    made.put(here / ".readoff", [1.0], made.recipe(lr=0.5))
    assert "may mean 2 ids" in refusal(capsys, "show", "echo")
    assert "there are no networks here" in refusal(capsys, "show", "echo", "--store", "empty")


def test_shipped_networks_can_be_shown_and_read(here, capsys):
    other = made.recipe(lr=0.5)
    readoff.claims.zoo.pack([made.run([6.0, 8.0], other)], here / "no-zoo")
    assert [one["source"] for one in answer(capsys, "runs")] == ["trained"]
    assert [one["source"] for one in answer(capsys, "runs", "--zoo")] == ["trained", "zoo"]
    assert answer(capsys, "show", other.id)["source"] == "zoo"
    assert answer(capsys, "read", other.id, "evou", "--raw", "--seed", "1")["values"][0][0] == [8.0, 0.0]


def test_evou_by_hand(here, capsys):
    """Token t writes trait on output t; centred over two outputs that is plus and minus half of it."""
    raw = answer(capsys, "read", ID, "evou", "--raw")
    assert raw["values"] == [[[4.0, 0.0], [0.0, 4.0], [0.0, 0.0]]] and raw["gauge"] == "raw" and raw["seed"] == 0
    assert raw["axes"][1:] == [
        {"name": "token", "labels": ["0", "1", "="]},
        {"name": "output", "labels": ["no", "yes"]},
    ]
    centred = answer(capsys, "read", ID, "evou", "--seed", "1", "--head", "0")
    assert centred["values"] == [[-1.0, 1.0], [1.0, -1.0], [0.0, 0.0]]
    assert centred["gauge"] == "logits centred over outputs"


def test_other_tables(here, capsys):
    assert answer(capsys, "read", ID, "scores")["values"] == [[0.0, 0.0, 0.0]]
    assert answer(capsys, "read", ID, "eqke")["axes"][1] == {"name": "query", "labels": ["read-off"]}
    assert answer(capsys, "read", ID, "eu")["values"] == [[0.0, 0.0]]
    for name in ("eqkp", "pvou"):
        assert not np.any(answer(capsys, "read", ID, name)["values"])


def test_order_of_attention(here, capsys):
    weights = {k: v[0] for k, v in made.ensemble([4.0]).weights.items()}
    weights["scores"] = np.array([[0.0, 3.0, 9.0]], np.float32)
    save_ours(here, weights)
    answer(capsys, "import", "ours.safetensors", "--name", "mine")
    found = answer(capsys, "read", "mine", "order")["heads"][0]
    assert found["tokens"] == ["2", "1", "0"] and found["spread"] == 9.0
    assert found["scores"] == [5.0, -1.0, -4.0], "centred over these tokens"
    assert answer(capsys, "read", ID, "order")["heads"][0]["tokens"] == ["0", "1"], "the token that reads is left out"


def save_ours(folder, weights):
    from readoff.networks.files import save
    from readoff.networks.network import Network

    save(Network(made.RECIPE.architecture, weights, "constructed", "by hand"), folder / "ours.safetensors")


def test_text_on_a_terminal(here, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code, out, _ = run(capsys, "read", ID, "evou", "--raw")
    assert code == 0 and out.splitlines()[:2] == ["head x token x output [nats, gauge: raw]", "head 0"]
    assert out.splitlines()[3].split() == ["0", "4.00", "0.00"]


def test_diverged_networks_are_said_to_be(here, capsys):
    code, out, err = run(capsys, "read", ID, "evou", "--seed", "3")
    assert code == 0 and "diverged" in err and json.loads(out)["values"][0][0] == [None, None]


def test_a_picture(here, capsys):
    answer(capsys, "read", ID, "evou", "--png", "evou.png")
    assert (here / "evou.png").read_bytes().startswith(b"\x89PNG")
    answer(capsys, "read", ID, "scores", "--head", "0", "--png", "row.png")
    assert "could not be written" in refusal(capsys, "read", ID, "evou", "--png", "no/such/folder.png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("read", ID, "evou", "--seed", "9"), "has no network for seed 9; it has 0 to 3"),
        (("read", ID, "evou", "--head", "2"), "no label of axis head is called '2'"),
        (("read", ID, "eu", "--head", "0"), "has no heads"),
        (("read", ID, "scores", "--query", "7"), "no query token is called '7'"),
        (("read", ID, "eqke", "--query", "7"), "no query token is called '7'"),
        (("read", ID, "evou", "--query", "="), "the table evou has no query tokens"),
        (("read", ID, "order", "--png", "x.png"), "one line a head"),
        (("export", ID, "--out", "x.safetensors"), "effective model has no embedding"),
        (("import", "absent.safetensors"), "cannot be read"),
        (("import", "absent.safetensors", "--n-signal", "3"), "add --task"),
        (("import", "absent.safetensors", "--task", "piars"), "Did you mean 'pairs'"),
    ],
)
def test_mistakes_are_a_sentence(here, capsys, arguments, message):
    assert message in refusal(capsys, *arguments)


@pytest.mark.parametrize("arguments", [("read", ID, "evu"), ("read", ID), ("export",), ("show",)])
def test_wrong_usage_is_exit_2(here, capsys, arguments):
    assert run(capsys, *arguments)[0] == 2


def test_damaged_files_are_named_and_not_used(here, capsys):
    path = made.put(here / ".readoff", [1.0, 1.0], first_seed=4)
    assert answer(capsys, "show", ID)["n"] == 6
    made.spoil(path)
    assert [n["seed"] for n in answer(capsys, "show", ID)["networks"]] == [0, 1, 2, 3]
    assert answer(capsys, "runs")[0]["damaged"] == 2 and answer(capsys, "runs")[0]["networks"] == 4
    assert "no network for seed 4" in refusal(capsys, "read", ID, "evou", "--seed", "4")


def test_a_newer_store_is_refused(here, capsys):
    with sqlite3.connect(here / ".readoff" / "ledger.sqlite") as connection:
        connection.execute("PRAGMA user_version = 7")
    for command in (("runs",), ("show", ID), ("read", ID, "evou")):
        assert "another version of readoff" in refusal(capsys, *command)


def test_tasks_of_ones_own_class_stay_listed(here, capsys):
    with sqlite3.connect(here / ".readoff" / "ledger.sqlite") as connection:
        connection.execute("UPDATE recipe SET json = replace(json, '\"Grid\"', '\"Mine\"')")
    assert answer(capsys, "runs")[0]["recipe"] is None
    assert "not shipped with readoff" in refusal(capsys, "show", ID)


def transformer_lens_file(folder, **changes):
    """A TransformerLens state dict for Pairs(2, 1, 3): 4 tokens, 3 outputs."""
    rng = np.random.default_rng(0)
    shapes = {
        "embed.W_E": (4, 6), "pos_embed.W_pos": (3, 6), "blocks.0.attn.W_Q": (2, 6, 3), "blocks.0.attn.W_K": (2, 6, 3),
        "blocks.0.attn.W_V": (2, 6, 3), "blocks.0.attn.W_O": (2, 3, 6), "blocks.0.attn.b_Q": (2, 3),
        "blocks.0.attn.b_K": (2, 3), "blocks.0.attn.b_V": (2, 3), "blocks.0.attn.b_O": (6,), "unembed.W_U": (6, 3),
        "unembed.b_U": (3,),
    }  # fmt: skip
    state = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()} | changes
    save_file(state, folder / "theirs.safetensors")
    return state


PLAIN = ("--normalization", "none")
PAIRS = (*PLAIN, "--task", "pairs", "--n-signal", "2", "--n-noise", "1", "--n-ctx", "3")


def test_import_read_and_export_again(here, capsys):
    state = transformer_lens_file(here)
    found = answer(capsys, "import", "theirs.safetensors", *PAIRS)
    assert found["id"].startswith("theirs-") and found["task"]["kind"] == "Pairs" and found["networks"] == 1
    evou = answer(capsys, "read", "theirs", "evou", "--raw")
    place = state["pos_embed.W_pos"].mean(axis=0)
    values = (state["embed.W_E"] + place) @ state["blocks.0.attn.W_V"] + state["blocks.0.attn.b_V"][:, None]
    assert np.allclose(evou["values"], values @ state["blocks.0.attn.W_O"] @ state["unembed.W_U"], atol=1e-5)
    assert evou["axes"][2]["labels"] == ["11", "12", "22"]
    assert [len(h["tokens"]) for h in answer(capsys, "read", "theirs", "order")["heads"]] == [2, 2]
    assert answer(capsys, "show", "theirs")["source"] == "imported"
    code, out, _ = run(capsys, "export", "theirs", "--out", "again.safetensors")
    assert code == 0 and "again.safetensors" in out
    assert answer(capsys, "import", "again.safetensors", "--name", "theirs")["id"] == found["id"]
    model = imported.load(here / ".readoff", found["id"]).model
    assert model.provenance == "imported" and model.weights["embed.W_E"].tobytes() == state["embed.W_E"].tobytes()


def test_export_and_import_of_our_own_files(here, capsys):
    run(capsys, "export", ID, "--seed", "1", "--format", "safetensors", "--out", "one.safetensors")
    assert load_file(here / "one.safetensors").hash == made.ensemble([-2.0])[0].hash
    found = answer(capsys, "import", "one.safetensors")
    assert found["origin"] == f"{ID} seed 1"
    assert answer(capsys, "read", found["id"], "evou", "--raw")["values"][0][0] == [-2.0, 0.0]
    assert "leave out --seed" in refusal(capsys, "read", found["id"], "evou", "--seed", "1")


def test_export_chooses_a_name(here, capsys):
    code, out, _ = run(capsys, "export", ID, "--seed", "1", "--format", "safetensors")
    assert code == 0 and out.startswith(f"{ID}-seed1.safetensors: ")
    assert load_file(here / f"{ID}-seed1.safetensors").hash == made.ensemble([-2.0])[0].hash


def test_what_runs_lists_goes_before_what_is_shipped(here, capsys):
    readoff.claims.zoo.pack([made.run([6.0, 8.0], made.recipe(lr=0.5))], here / "no-zoo")
    assert answer(capsys, "show", "echo-eff")["id"] == ID


def test_names_that_are_no_text(here, capsys):
    save_ours(here, {k: v[0] for k, v in made.ensemble([4.0]).weights.items()})
    (here / "ours.safetensors").rename(here / "o\udcff.safetensors")
    assert answer(capsys, "import", "o\udcff.safetensors")["id"].startswith("o-")


def test_imports_that_cannot_be_right(here, capsys):
    state = transformer_lens_file(here)
    assert "LNPre" in refusal(capsys, "import", "theirs.safetensors")
    other = (*PLAIN, "--task", "pairs", "--n-noise", "0", "--n-ctx", "3")
    assert "the task pairs 5 and 10" in refusal(capsys, "import", "theirs.safetensors", *other)
    transformer_lens_file(here, **{"embed.W_E": np.full((4, 6), np.nan, np.float32)})
    assert "not finite" in refusal(capsys, "import", "theirs.safetensors", *PLAIN)
    (here / "cut.safetensors").write_bytes((here / "theirs.safetensors").read_bytes()[:200])
    assert "not a readable safetensors file" in refusal(capsys, "import", "cut.safetensors")
    save_file({"layers.0.weight": state["embed.W_E"]}, here / "other.safetensors")
    assert "lacks embed.W_E" in refusal(capsys, "import", "other.safetensors")
    for cfg in ("{", "[]", '{"attn_scale": "wide"}', '{"n_ctx": "long"}'):
        save_file(state, here / "badcfg.safetensors", metadata={"cfg": cfg})
        assert "badcfg.safetensors has" in refusal(capsys, "import", "badcfg.safetensors")
    (here / "pickle.pt").write_bytes(b"PK\x03\x04....")
    assert "never read" in refusal(capsys, "import", "pickle.pt")
    assert len(answer(capsys, "runs")) == 1, "nothing half imported stays"


def test_a_damaged_import_is_named(here, capsys):
    transformer_lens_file(here)
    name = answer(capsys, "import", "theirs.safetensors", *PLAIN)["id"]
    made.spoil(here / ".readoff" / "imported" / f"{name}.safetensors")
    assert "missing or damaged; import" in refusal(capsys, "read", name, "evou")


def test_an_imported_network_in_a_claims_file(here, capsys):
    transformer_lens_file(here)
    name = answer(capsys, "import", "theirs.safetensors", *PAIRS)["id"]
    (here / "claims.py").write_text(f"""
from readoff.claims import Constructed, Exists, claim, enumerated, shuffled_weights
from readoff.store import imported

def theirs():
    return imported.load(".readoff", {name!r}).model

def heads(network):
    return enumerated(heads=network.architecture.n_heads, spread=network.weights["embed.W_E"][0, 0])

@claim("mine/two", says="It has two heads.", about=Constructed(theirs, "theirs"), scope=Exists(), measure=heads)
def two(n):
    return n["heads"] == 2
""")
    _, out, err = run(capsys, "check", "claims.py")
    assert json.loads(out)["claims"][0]["networks_from"] == "imported", (out, err)


def test_a_subprocess_reads_without_jax(here):
    code = (
        f"import sys; from readoff.cli.main import main; c = main(['read', {ID!r}, 'evou']);"
        "print(c, 'jax' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here)
    assert done.stderr.strip() == "0 False" and json.loads(done.stdout)["unit"] == "nats"
