"""readoff train: flags to recipes, what cannot be, one real training, and the bar."""

import dataclasses
import json
import os
import subprocess
import sys

import made_networks as made
import pytest

from readoff.cli import flags
from readoff.cli.bar import Bar, rate_text
from readoff.cli.flags import ArchitectureFlags, Asked, RecipeFlags, TaskFlags, given, recipe_of
from readoff.cli.main import main
from readoff.core.canonical import canonical_json
from readoff.core.errors import ReadoffError
from readoff.networks.architecture import Architecture, EffectiveArchitecture, architecture_for
from readoff.tasks import Grid, Pairs, Parity
from readoff.training import Recipe

TINY = ("pairs", "--n-signal", "2", "--n-noise", "1", "--n-ctx", "3", "--effective", "--d-head", "1", "--n-heads", "1")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def run(capsys, *arguments):
    code = main(["train", *arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def asked(task="pairs", recipe=None, effective=False, bitwise=False, fields=None, network=None, training=None):
    return Asked(task, recipe, effective, bitwise, fields or {}, network or {}, training or {})


def names(cls):
    return {field.name.removeprefix("no_") for field in dataclasses.fields(cls)}


def test_every_field_has_a_flag_and_every_flag_a_word_of_help():
    architecture = {f.name for f in dataclasses.fields(Architecture)} - {"d_vocab", "d_vocab_out", "n_ctx"}
    recipe = {f.name for f in dataclasses.fields(Recipe)} - {"task", "architecture"}
    assert names(ArchitectureFlags) == architecture and names(RecipeFlags) == recipe
    assert set(flags.HELP) == architecture | recipe
    assert not names(TaskFlags) & (architecture | recipe), "one name would be two flags"
    assert {"pairs", "parity"} <= set(flags.shipped_tasks()) and "grid" not in flags.shipped_tasks()


def test_flags_that_are_not_given_change_nothing():
    assert recipe_of(asked()) == Recipe(Pairs(), architecture_for(Pairs()))
    assert given(ArchitectureFlags()) == {} and given(RecipeFlags()) == {} and given(TaskFlags()) == {}


def test_flags_become_fields():
    network = given(ArchitectureFlags(d_head=1, no_biases=True, positions=True))
    assert network == {"d_head": 1, "biases": False, "positions": True}
    made_of = recipe_of(asked(fields={"n_signal": 3}, network=network, training={"lr": 0.5, "block": 4}))
    task = Pairs(n_signal=3)
    assert made_of == Recipe(task, architecture_for(task, d_head=1, biases=False, positions=True), lr=0.5, block=4)
    assert recipe_of(asked("parity", fields={"bits": 3})).task == Parity(3)
    assert isinstance(recipe_of(asked(effective=True)).architecture, EffectiveArchitecture)
    assert recipe_of(asked(bitwise=True)).block == 1


def test_a_recipe_file_and_flags_that_change_it(here):
    written = Recipe(Pairs(), architecture_for(Pairs(), d_head=2), lr=0.25)
    for name, text in (
        ("bare.json", canonical_json(written)),
        ("shown.json", json.dumps({"id": written.id, "recipe": json.loads(canonical_json(written))})),
    ):
        (here / name).write_text(text)
        assert recipe_of(asked(None, here / name)) == written
    changed = recipe_of(asked(None, here / "bare.json", network={"d_head": 3}, training={"steps": 7}))
    assert (changed.architecture.d_head, changed.steps, changed.lr) == (3, 7, 0.25)


def test_a_task_from_a_file(here):
    (here / "mine.py").write_text(
        "from readoff.tasks import grid_task\n\n"
        "@grid_task(tokens=2, n_ctx=2, outputs=2)\ndef both(a, b):\n    return a & b\n"
    )
    task = recipe_of(asked("mine.py")).task
    assert isinstance(task, Grid) and task.domain_size() == 4
    (here / "more.py").write_text((here / "mine.py").read_text() + "\nsame = both\n")
    assert recipe_of(asked("more.py:both")).task == task
    with pytest.raises(ReadoffError, match=r"name one: more\.py:both, more\.py:same"):
        recipe_of(asked("more.py"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a task or a recipe file"),
        (("piars",), "Did you mean 'pairs'"),
        (("pairs", "--bits", "3"), "no field of the task pairs is called 'bits'"),
        (("multiset",), "the task multiset needs --vocab and --n and --labels"),
        (("pairs", "--n-signal", "1"), "at least 2 signal tokens"),
        (("pairs", "--n-signal", "400"), "the limit for exact enumeration"),
        (("pairs", "--n-heads", "0"), "Architecture.n_heads is 0"),
        (("pairs", "--n-heads", "9999", "--d-model", "99999", "--d-head", "999"), "parameters; the limit"),
        (("pairs", "--d-model", "3000", "--d-head", "3000"), "--block 1"),
        (("pairs", "--embedding", "one_hot", "--d-model", "4"), "one-hot embeddings need d_model"),
        (("pairs", "--effective", "--d-model", "8"), "no field of EffectiveArchitecture is called 'd_model'"),
        (("pairs", "--lr", "nan"), "Recipe.lr is nan"),
        (("pairs", "--init-scale", "1e999"), "only finite numbers"),
        (("pairs", "--steps", "-1"), "Recipe.steps is -1"),
        (("pairs", "--bitwise", "--block", "8"), "leave out --block"),
        (("pairs", "--seeds", "0"), "--seeds 0"),
        (("pairs", "--first-seed", "-3"), "seeds must be whole numbers"),
        (("pairs", "--recipe", "x.json"), "one of them"),
        (("--recipe", "absent.json"), "absent.json cannot be read"),
        (("--recipe", "broken.json"), "not JSON"),
        (("--recipe", "typo.json"), "Did you mean 'weight_decay'"),
        (("--recipe", "good.json", "--n-signal", "3"), "a recipe file says what the task"),
        (("absent.py",), "there is no file absent.py"),
        (("empty.py",), "defines no task"),
        (("wrong.py",), "wrong.py, line 2: ZeroDivisionError"),
        (("empty.py", "--n-signal", "3"), "leave out --n-signal"),
        (("pairs", "--store", "good.json"), "good.json"),
    ],
)
def test_mistakes_are_a_sentence_and_nothing_is_made(here, capsys, arguments, message):
    good = canonical_json(Recipe(Pairs(), architecture_for(Pairs())))
    (here / "broken.json").write_text("{")
    (here / "typo.json").write_text(good.replace('"kind":"Recipe"', '"kind":"Recipe","weight_decy":0.1'))
    (here / "good.json").write_text(good)
    (here / "empty.py").write_text("x = 1\n")
    (here / "wrong.py").write_text("x = 1\ny = 1 / 0\n")
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and message in err
    assert not list((here / ".readoff" / "chunks").glob("*.safetensors"))


@pytest.mark.parametrize("arguments", [("pairs", "--n-heds", "3"), ("pairs", "--lr", "fast"), ("pairs", "--data", "x")])
def test_wrong_flags_are_exit_2(here, capsys, arguments):
    assert run(capsys, *arguments)[0] == 2


def test_training_storing_and_using_again(here, capsys, monkeypatch):
    options = (*TINY, "--steps", "20", "--seeds", "3", "--first-seed", "2", "--block", "4", "--measures", "5")
    code, out, err = run(capsys, *options)
    found = json.loads(out)
    assert code == 0 and "3 of 8 networks are shown" in err and "seeds 0 to 7 are stored" in err
    assert found["reused"] is False
    assert [n["seed"] for n in found["networks"]] == [2, 3, 4] and found["fingerprint"]["width"] == 4
    assert found["solved"] == sum(n["solved"] for n in found["networks"])
    assert all(n["loss"] > 0 and -20 < n["margin"] < 20 for n in found["networks"])
    again = json.loads(run(capsys, *options)[1])
    assert again["reused"] is True and again["networks"] == found["networks"]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "140")
    code, out, _ = run(capsys, *options)
    assert code == 0 and found["id"] in out and "diverged    none" in out and "unchanged, from the store" in out


def test_diverged_networks_are_shown_and_count_as_failures(here, capsys, monkeypatch):
    """Without decay an enormous learning rate overflows."""
    import readoff.training.train

    monkeypatch.setattr(readoff.training.train, "train", lambda *_: made.run([4.0, float("nan"), -1.0]))
    found = json.loads(run(capsys, *TINY)[1])
    assert (found["n"], found["solved"], found["diverged"]) == (3, 1, [1])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _, out, _ = run(capsys, *TINY)
    assert "1: seed 1" in out and "1 of 3" in out


def test_an_interrupt_is_exit_130(here, capsys, monkeypatch):
    import readoff.training.train

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(readoff.training.train, "train", stop)
    code, out, err = run(capsys, *TINY)
    assert code == 130 and out == "" and "what was finished is kept" in err


@pytest.mark.slow
def test_bitwise_networks_do_not_depend_on_how_many_are_trained(here, capsys):
    options = (*TINY, "--steps", "50", "--bitwise", "--measures", "3")
    many = json.loads(run(capsys, *options, "--seeds", "3")[1])
    alone = json.loads(run(capsys, *options, "--seeds", "1", "--first-seed", "2", "--store", "other")[1])
    assert alone["id"] == many["id"] and alone["fingerprint"]["width"] == 1
    assert alone["networks"] == many["networks"][2:]


def test_the_bar_shows_rate_and_time_left(capsys):
    with Bar(force=True) as bar:
        bar(0, 1000)
        bar(500, 1000)
        bar(1000, 1000)
    assert "model-steps/s" in capsys.readouterr().err
    assert rate_text(300_000, 1_000_000, 3.0) == "100,000 model-steps/s, 0:00:07 left"
    assert rate_text(0, 10, 1.0) == "compiling"


def test_the_bar_is_silent_in_a_pipe(capsys):
    with Bar() as bar:
        bar(0, 10)
        bar(10, 10)
        bar(0, 0)
    assert capsys.readouterr().err == ""


def test_the_commands_import_nothing_heavy():
    code = (
        "import readoff.cli.train, readoff.cli.networks, readoff.cli.zoo, sys;"
        "print(*[m for m in ('jax', 'scipy', 'xarray', 'altair', 'optax') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_a_device_that_is_not_here_is_a_message(tmp_path):
    start = "import sys; from readoff.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "train", "pairs", "--seeds", "1", "--steps", "2", "--store", str(tmp_path)]
    done = subprocess.run(command, env=os.environ | {"JAX_PLATFORMS": "nowhere"}, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "JAX_PLATFORMS='nowhere': JAX finds no such device here" in done.stderr
