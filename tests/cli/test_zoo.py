"""The zoo: packing, loading, damage, the quick profile; verify and reproduce."""

import json
import sys
from dataclasses import replace

import made_networks as made
import numpy as np
import pytest

import readoff.claims.zoo
from readoff.claims.provider import Ready, ZooFirst
from readoff.claims.recheck import recheck, smallest_margins
from readoff.claims.reproduce import compare, equal_weights
from readoff.claims.scope import confirmation_seeds
from readoff.claims.zoo import POINTS, Zoo, encode, pack
from readoff.cli.main import main
from readoff.core.errors import BadValue, Damaged, TooLarge, UnknownName
from readoff.store import Store
from readoff.training.run import Run

NAN = float("nan")
OTHER = made.recipe(lr=0.5)
SEEDS = range(4)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A zoo with two recipes, which every command takes for the shipped one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(readoff.claims.zoo, "SHIPPED", tmp_path / "zoo")
    pack([made.run([4.0, -2.0, 0.0, NAN]), made.run([1.0, 2.0, 3.0, 4.0], OTHER)], tmp_path / "zoo")
    return tmp_path / "zoo"


def run(capsys, *arguments):
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_what_is_packed_comes_back(folder):
    zoo, packed = Zoo(), made.run([4.0, -2.0, 0.0, NAN])
    assert zoo.warnings == [] and [e.recipe for e in zoo.entries] == sorted(
        [made.RECIPE, OTHER], key=lambda recipe: recipe.id
    )
    found = zoo.load(made.RECIPE)
    assert isinstance(found, Run) and found.source == "zoo" and found.recipe == made.RECIPE
    assert found.ensemble.hash == packed.ensemble.hash and found.ensemble.alive.tolist() == [True, True, True, False]
    assert found.ensemble.provenance == "trained" and found.ensemble.seeds.tolist() == [0, 1, 2, 3]
    assert set(found.trace) == {"loss", "accuracy", "margin"}, "norms are left out"
    assert np.array_equal(found.trace["margin"], packed.trace["margin"], equal_nan=True)


def test_some_of_the_seeds_in_the_order_asked_for(folder):
    found = Zoo().load(made.RECIPE, [2, 0])
    assert found.ensemble.seeds.tolist() == [2, 0] and found.ensemble.weights["V"][:, 0, 0, 0].tolist() == [0.0, 4.0]
    assert found.trace["margin"][:, -1].tolist() == [0.0, 2.0]
    with pytest.raises(BadValue, match="for seeds"):
        Zoo().load(made.RECIPE, [0, 9])
    with pytest.raises(UnknownName, match="recipe in the zoo"):
        Zoo().load(made.recipe(lr=0.7))


def test_identity_is_the_store_s(folder, tmp_path):
    made.put(tmp_path / "store", [4.0, -2.0, 0.0, NAN])
    with Store(tmp_path / "store") as store:
        assert Zoo().identity(made.RECIPE, [1, 0]) == store.identity(made.RECIPE.id, [1, 0]) != None  # noqa: E711
    assert Zoo().identity(made.RECIPE, range(5)) is None


def test_traces_are_thinned_and_keep_both_ends():
    from safetensors.numpy import load

    long = made.run([1.0, 2.0])
    steps = np.arange(40)
    trace = {name: np.repeat(value[:, -1:], 40, axis=1) * steps for name, value in long.trace.items()}
    kept = load(encode(replace(long, steps=steps, trace=trace)))
    assert len(kept["steps"]) == POINTS and kept["steps"][0] == 0 and kept["steps"][-1] == 39
    assert np.array_equal(kept["trace/margin"][0], 0.5 * kept["steps"])


def test_packing_again_replaces_one_entry_and_keeps_the_other(folder):
    pack([made.run([9.0], OTHER)], folder)
    zoo = Zoo()
    assert zoo.holds(made.RECIPE, SEEDS) and zoo.load(OTHER).ensemble.weights["V"][0, 0, 0, 0] == 9.0
    assert pack([made.run([9.0], OTHER)], folder) == sum(f.stat().st_size for f in folder.glob("*.safetensors"))


def test_a_zoo_over_its_limit_is_not_written(folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(readoff.claims.zoo, "LARGEST", 2000)
    with pytest.raises(TooLarge, match="the limit is 2,000"):
        pack([made.run(range(64), made.recipe(lr=0.7))], folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_damaged_file_is_named_and_not_used(folder):
    made.spoil(folder / f"{OTHER.id}.safetensors")
    zoo = Zoo()
    assert zoo.holds(made.RECIPE, SEEDS) and not zoo.holds(OTHER, SEEDS) and zoo.identity(OTHER, SEEDS) is None
    assert len(zoo.warnings) == 1 and f"{OTHER.id}.safetensors is missing or damaged" in zoo.warnings[0]
    with pytest.raises(Damaged, match=OTHER.id):
        zoo.load(OTHER)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"schema": 2, "entries": []}',
        '{"schema": 1, "entries": [{}]}',
        '{"schema": 1, "entries": 3}',
        '{"schema": 1, "entries": [{"recipe": {"kind": "Recipe"}, "file": "x", "sha256": "", "seeds": [], "hashes": []}]}',  # noqa: E501
    ],
)
def test_a_damaged_index_is_named_and_nothing_is_used(folder, text):
    (folder / "index.json").write_text(text)
    zoo = Zoo()
    assert zoo.entries == () and len(zoo.warnings) == 1 and "index.json is damaged" in zoo.warnings[0]


def test_an_entry_cannot_name_a_file_elsewhere(folder):
    text = (folder / "index.json").read_text().replace(f"{OTHER.id}.safetensors", "../secret.safetensors")
    (folder / "index.json").write_text(text)
    assert "does not fit together" in Zoo().warnings[0]


def test_no_zoo_is_an_empty_zoo(tmp_path):
    zoo = Zoo(tmp_path)
    assert zoo.entries == () and zoo.warnings == [] and not zoo.holds(made.RECIPE, SEEDS)


def test_the_zoo_comes_first_and_the_rest_is_trained(folder):
    fresh = made.recipe(lr=0.7)
    provider = ZooFirst(Zoo(), Ready([made.run([1.0] * 4, fresh), made.run([5.0] * 4)]))  # type: ignore[arg-type]
    found = provider.obtain([fresh, made.RECIPE], SEEDS)
    assert [run.source for run in found] == ["trained", "zoo"] and [run.recipe for run in found] == [fresh, made.RECIPE]
    assert provider.identity(made.RECIPE, SEEDS) == Zoo().identity(made.RECIPE, SEEDS)
    made.spoil(folder / f"{made.RECIPE.id}.safetensors")
    provider = ZooFirst(Zoo(), Ready([made.run([5.0] * 4)]))  # type: ignore[arg-type]
    assert provider.obtain([made.RECIPE], SEEDS)[0].source == "trained"


CLAIMS = """
import made_networks as made
import numpy as np
from readoff.claims import Seeds, Sweep, claim, enumerated, on_networks

OFF = on_networks("outputs exchanged", lambda e: e.replace(O=e.weights["O"][..., ::-1].copy()))

def written(runs):
    return enumerated(logit=sum(run.ensemble.weights["V"][:, 0, 0, 0] @ np.eye(len(run.ensemble)) *
                                run.ensemble.weights["O"][:, 0, 0, 0] for run in runs))

@claim("mine/echo", says="The token is echoed.", about=Sweep((made.recipe(lr=0.5), made.recipe(lr=0.25))),
       scope=Seeds(0.5), measure=written, must_fail=[OFF], must_hold=[])
def echo(n):
    return n["logit"] > 1
"""


def test_the_profile_decides_and_the_verdict_says_so(folder, tmp_path, capsys, monkeypatch):
    import readoff.cli.check

    first = confirmation_seeds(8)[0]
    runs = [made.run([4.0] * 8, made.recipe(lr=lr), first) for lr in (0.5, 0.25)]
    pack(runs[:1], folder)
    (tmp_path / "claims.py").write_text(CLAIMS)
    monkeypatch.setattr(readoff.cli.check, "Trainer", lambda *_: Ready(runs))

    def source(*options):
        code, out, err = run(capsys, "check", "claims.py", "--seeds", "8", "--fresh", *options)
        (verdict,) = json.loads(out)["claims"]
        assert code == 0 and verdict["verdict"] == "HOLDS", (out, err)
        return verdict["networks_from"], err

    assert source()[0] == "zoo", "one recipe of the two is enough for the verdict to rest on the zoo"
    assert source("--profile", "full")[0] == "trained"
    made.spoil(folder / f"{OTHER.id}.safetensors")
    used, err = source()
    assert used == "trained" and f"{OTHER.id}.safetensors is missing or damaged" in err


def test_smallest_margins_by_hand():
    assert np.array_equal(
        smallest_margins(made.ensemble([4.0, -2.0, 0.0, NAN]), made.echo), [2.0, -1.0, 0.0, NAN], equal_nan=True
    )


def test_recheck_notices_what_does_not_fit():
    networks = made.run([4.0, -2.0, 0.0, NAN])
    hashes = {i: networks.ensemble[i].hash for i in range(4)}
    good = recheck(networks, hashes)
    assert good.ok and (good.solved_before, good.solved_now, good.certified) == (1, 1, 3)
    assert recheck(networks, hashes | {1: "another"}).other_weights == (1,)
    told_better = replace(networks, trace=networks.trace | {"margin": np.abs(networks.trace["margin"])})
    assert recheck(told_better, hashes).differ == (1,) and not recheck(told_better, hashes).ok


def test_recheck_certifies_the_weights_not_the_enumeration(monkeypatch):
    """If floating point said that a tie is won, the certificate would contradict it."""
    networks = made.run([0.0])
    networks = replace(networks, trace=networks.trace | {"margin": networks.trace["margin"] + 1e-12})
    monkeypatch.setattr("readoff.claims.recheck.smallest_margins", lambda *_: np.array([1e-12]))
    found = recheck(networks, {0: networks.ensemble[0].hash})
    assert found.differ == () and found.contradicted == (0,) and not found.ok


def test_verify(folder, tmp_path, capsys):
    path = made.put(tmp_path / ".readoff", [4.0, -2.0])
    code, out, _ = run(capsys, "verify")
    found = json.loads(out)
    assert code == 0 and found["ok"] and [(n["source"], n["n"]) for n in found["networks"]] == [
        ("zoo", 4), ("zoo", 4), ("trained", 2)
    ]  # fmt: skip
    made.spoil(path)
    made.spoil(folder / f"{OTHER.id}.safetensors")
    code, out, _ = run(capsys, "verify")
    problems = [" ".join(n["problems"]) for n in json.loads(out)["networks"]]
    assert code == 1 and sum("missing or damaged" in p for p in problems) == 2 and "" in problems
    code, out, _ = run(capsys, "verify", OTHER.id)
    assert code == 1 and [n["id"] for n in json.loads(out)["networks"]] == [OTHER.id]
    assert run(capsys, "verify", "nothing")[0] == 2


def test_verify_finds_weights_that_are_not_those_in_the_index(folder, capsys):
    """A file and its sha256 may agree with each other, and still not with the recorded networks."""
    text = (folder / "index.json").read_text()
    digest = made.ensemble([2.0])[0].hash
    (folder / "index.json").write_text(text.replace(digest, "0" * 64))
    code, out, _ = run(capsys, "verify", OTHER.id)
    assert code == 1 and json.loads(out)["networks"][0]["problems"] == ["other weights than recorded: 1: seed 1"]


def test_verify_on_a_terminal(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    (folder / "extra").mkdir()
    code, out, _ = run(capsys, "verify")
    assert code == 0 and "2 of 2 as recorded." in out and "solved then" in out
    (folder / "index.json").write_text("{")
    code, out, _ = run(capsys, "verify")
    assert code == 1 and "index.json is damaged" in out


def test_comparisons_by_hand():
    """Ten of ten against none of ten: 99 % intervals are far apart; so are medians of 1..10 and of -1..-10."""
    good, bad = made.run(range(1, 11)), made.run(range(-10, 0))
    same = {one.name: one for one in compare(good, good)}
    apart = {one.name: one for one in compare(good, bad)}
    assert all(one.overlap for one in same.values()) and not any(one.overlap for one in apart.values())
    assert same["solved"].shipped.value == 1.0 and apart["solved"].trained.value == 0.0
    assert same["smallest margin"].shipped.value == 2.75 and same["smallest margin"].shipped.interval == (0.5, 5.0)
    assert equal_weights(good, good) == (10, 10) and equal_weights(good, bad) == (0, 10)


def test_diverged_networks_count_as_the_worst():
    found = {one.name: one for one in compare(made.run([1.0] * 3 + [NAN] * 7), made.run([1.0] * 3))}
    assert found["smallest margin"].shipped.value == -np.inf and found["loss"].shipped.value == np.inf
    assert found["smallest margin"].overlap is None, "three networks give no interval"


def test_reproduce(folder, tmp_path, capsys, monkeypatch):
    import readoff.training.train

    asked = []

    def train(recipe, seeds, *_):
        asked.append((recipe.id, list(seeds)))
        return made.run([1.0 + seed for seed in seeds], recipe, seeds[0])

    monkeypatch.setattr(readoff.training.train, "train", train)
    code, out, err = run(capsys, "reproduce", OTHER.id)
    (one,) = json.loads(out)["recipes"]
    assert code == 0 and asked == [(OTHER.id, [0, 1, 2, 3])] and one["equal_weights"] == [4, 4] and "the same" in err
    assert [m["name"] for m in one["measures"]] == ["solved", "smallest margin", "loss"]
    run(capsys, "reproduce", OTHER.id, "--seeds", "2")
    run(capsys, "reproduce", OTHER.id, "--seeds", "3", "--first-seed", "100")
    assert [seeds for _, seeds in asked[1:]] == [[0, 1], [100, 101, 102]]
    pack([made.run([-1.0] * 20, made.recipe(lr=0.7))], folder)
    code, out, err = run(capsys, "reproduce", made.recipe(lr=0.7).id)
    assert code == 1 and json.loads(out)["ok"] is False and "differs in solved" in err
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "150")
    code, out, _ = run(capsys, "reproduce")
    assert code == 1 and "APART" in out and "too few networks" in out and "20 of 20" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reproduce", "nothing"), "no recipe in the zoo is called 'nothing'"),
        (("reproduce", "no/claim"), "no claim or study is called 'no/claim'"),
        (("reproduce", "pairs/facts"), "rests on no shipped networks"),
        (("reproduce", "--seeds", "0"), "at least one network"),
        (("reproduce", "--seeds", "9"), "give --first-seed"),
    ],
)
def test_mistakes_are_a_sentence(folder, capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and message in err


def test_an_empty_zoo_cannot_be_reproduced(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readoff.claims.zoo, "SHIPPED", tmp_path / "none")
    assert "no networks yet" in run(capsys, "reproduce")[2]
    code, out, _ = run(capsys, "verify")
    assert code == 0 and json.loads(out) == {"ok": True, "problems": [], "networks": []}


def test_what_ships_is_whole():
    zoo = Zoo()
    assert zoo.warnings == [] and all(zoo.is_whole(entry) for entry in zoo.entries)
    files = {entry.file for entry in zoo.entries}
    assert {path.name for path in zoo.folder.glob("*.safetensors")} == files, "no file without an entry"
