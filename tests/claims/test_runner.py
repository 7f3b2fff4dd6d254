"""The runner: order of events, re-use, what is kept when something breaks."""

import json
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from subjects import TASK, FakeRecipe, network, provider, run, traits_of

from readoff.claims import (
    Constructed,
    EveryInput,
    Exists,
    OnTask,
    Process,
    Seeds,
    Sweep,
    Trained,
    claim,
    enumerated,
    on_networks,
    session,
)
from readoff.claims.provider import Ready
from readoff.claims.runner import check, error_rate
from readoff.claims.scope import confirmation_seeds, exploration_seeds
from readoff.claims.verdict import JSON_KEYS, to_json
from readoff.core.errors import BadValue
from readoff.store import Store, StoreError, verdicts, write_whole


class Counting:
    """A provider that counts what it is asked for, and records chunks in a store as the trainer does."""

    def __init__(self, inner, store=None):
        self.inner, self.store, self.asked = inner, store, []

    def identity(self, recipe, seeds):
        return self.inner.identity(recipe, seeds) if self.store is None else self.store.identity(recipe.id, seeds)

    def obtain(self, recipes, seeds):
        self.asked.append([recipe.id for recipe in recipes])
        runs = self.inner.obtain(recipes, seeds)
        for number, found in enumerate(runs if self.store is not None else ()):
            chunk = f"{number}a{len(self.asked)}"
            digest = write_whole(self.store.chunk_path(chunk), b"weights")
            hashes = [found.ensemble[i].hash for i in range(len(seeds))]
            path = self.store.chunk_path(chunk)
            self.store.add_chunk(found.recipe.id, "{}", chunk, path, digest, list(seeds), hashes, {})
        return runs


class Listening:
    """A progress that remembers."""

    def __init__(self):
        self.events = []

    def started(self, total):
        self.events.append(("started", total))

    def working(self, claim_id):
        self.events.append(("working", claim_id))

    def found(self, record):
        self.events.append((record["id"], record["verdict"]))


def trait(thing):
    return enumerated(trait=traits_of(thing.ensemble))


@pytest.fixture
def calls(monkeypatch):
    """One entry for every measure that is taken."""
    found = []
    real = session.as_measured
    monkeypatch.setattr(session, "as_measured", lambda answer: found.append("measure") or real(answer))
    return found


def positive(n):
    return n["trait"] > 0.5


def trained(name="t/trained", judge=positive, **fields):
    given = {"says": "S", "about": Trained(FakeRecipe()), "scope": Seeds(0.9), "measure": trait, "must_hold": ()}
    return claim(name, **{**given, **fields})(judge)


def on_task(name="t/task"):
    make = claim(name, says="S", about=OnTask(TASK), scope=EveryInput(), measure=lambda t: enumerated(x=sum(t.labels)))
    return make(lambda n: n["x"] == 3)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "s") as store:
        yield store


def test_cheap_claims_come_first_and_records_keep_the_given_order():
    listening = Listening()
    checked = check([trained(), on_task()], provider([1.0] * 64), n_seeds=64, progress=listening)
    assert [r["id"] for r in checked.records] == ["t/trained", "t/task"]
    found = [event[0] for event in listening.events if event[0].startswith("t/")]
    assert found == ["t/task", "t/trained"] and listening.events[0] == ("started", 2)


def test_each_recipe_is_obtained_once_and_each_measure_taken_once(calls):
    source = Counting(provider([1.0] * 64))
    check([trained("t/a"), trained("t/b", lambda n: n["trait"] > 0.1)], source, n_seeds=64)
    assert source.asked == [["fake-100", "fake-0"]]
    assert calls == ["measure"] * 2, "once for the networks and once for the untrained control"


def test_a_sweep_gets_its_runs_in_order():
    recipes = (FakeRecipe("a"), FakeRecipe("b"))
    runs = [run([1.0] * 64, recipes[0]), run([2.0] * 64, recipes[1])]
    zero = [run([0.0] * 64, replace(recipe, steps=0)) for recipe in recipes]

    def rises(pair):
        return enumerated(rise=traits_of(pair[1].ensemble) - traits_of(pair[0].ensemble))

    make = claim("t/sweep", says="S", about=Sweep(recipes), scope=Seeds(0.9), measure=rises, must_hold=())
    assert check([make(lambda n: n["rise"] > 0.5)], Ready([*runs, *zero])).records[0]["verdict"] == "HOLDS"


class TestReuse:
    def test_an_unchanged_claim_is_not_judged_again(self, store, calls):
        made = [trained(), on_task()]
        first = check(made, Counting(provider([1.0] * 64), store), store, 64)
        calls.clear()
        source = Counting(provider([1.0] * 64), store)
        second = check(made, source, store, 64)
        assert [r["reused"] for r in first.records] == [False, False]
        assert [r["reused"] for r in second.records] == [True, True]
        assert source.asked == [] and calls == [], "nothing is loaded or measured"
        for a, b in zip(first.records, second.records):
            assert {**a, "reused": 0, "seconds": 0} == {**b, "reused": 0, "seconds": 0}
        assert check(made, source, store, 64, reuse=False).records[0]["reused"] is False

    @pytest.mark.parametrize(
        "change",
        [
            {"judge": lambda n: n["trait"] > 0.6},
            {"scope": Seeds(0.8)},
            {"says": "Other words."},
            {"must_fail": [on_networks("flat", lambda e: e.replace(scores=0 * e.weights["scores"]))]},
            {"measure": lambda run: enumerated(trait=traits_of(run.ensemble))},
        ],
        ids=["judge", "scope", "words", "controls", "measure"],
    )  # fmt: skip
    def test_an_edited_claim_is(self, store, change):
        check([trained()], Counting(provider([1.0] * 64), store), store, 64)
        found = check([trained(**change)], Counting(provider([1.0] * 64), store), store, 64).records[0]
        assert found["reused"] is False and found["verdict"] == "HOLDS"

    def test_other_networks_or_another_n_are_judged_again(self, store):
        check([trained()], Counting(provider([1.0] * 64), store), store, 64)
        for n, value in ((32, 1.0), (64, 2.0)):
            source = provider([value] * n)
            assert check([trained()], source, store, n).records[0]["reused"] is False

    def test_a_constant_that_the_judge_names_counts(self, store, monkeypatch):
        made = trained(judge=above_bar)
        check([made], provider([1.0] * 64), store, 64)
        assert check([made], provider([1.0] * 64), store, 64).records[0]["reused"] is True
        monkeypatch.setitem(globals(), "BAR", 0.6)
        assert check([made], provider([1.0] * 64), store, 64).records[0]["reused"] is False

    def test_a_construction_is_known_by_its_weights(self, store):
        box = [1.0]
        build = Constructed(lambda: network(box[0]), "n")
        make = claim(
            "t/x", says="S", about=build, scope=Exists(), measure=lambda n: enumerated(x=traits_of(n)), must_fail=[]
        )
        made = make(lambda n: n["x"] > 0)
        assert [check([made], None, store).records[0]["reused"] for _ in range(2)] == [False, True]
        box[0] = 2.0
        assert check([made], None, store).records[0]["reused"] is False

    def test_measures_are_kept_for_later_claims(self, store, calls):
        check([trained("t/a")], Counting(provider([1.0] * 64), store), store, 64)
        calls.clear()
        again = Counting(provider([1.0] * 64), store)
        assert check([trained("t/new", lambda n: n["trait"] > 0.2)], again, store, 64).records[0]["verdict"] == "HOLDS"
        assert calls == []

    def test_what_has_no_exact_description_is_never_used_again(self, store, calls):
        numbers = (x for x in range(9))  # a generator: nobody knows what it will say
        made = trained(judge=lambda n: (n["trait"] > 0.5) & (numbers is not None))
        for _ in range(2):
            found = check([made], Counting(provider([1.0] * 64), store), store, 64).records[0]
            assert (found["verdict"], found["reused"], found["registered"]) == ("HOLDS", False, None)
        assert store.rows("SELECT * FROM claim_registered") == [] and len(verdicts.latest(store)) == 1
        measuring = trained(measure=lambda run, numbers=numbers: trait(run))
        check([measuring], Counting(provider([1.0] * 64), store), store, 64)
        calls.clear()
        check([measuring], Counting(provider([1.0] * 64), store), store, 64)
        assert len(calls) == 2

    @pytest.mark.parametrize("reader", ["measure", "judge", "control", "builder"])
    def test_a_file_that_was_read_counts(self, store, tmp_path, reader):
        file = tmp_path / "bar.txt"
        file.write_text("0.5")

        def read(who):
            return float(file.read_text()) if who == reader else 0.5

        made = claim(
            "t/reads",
            says="S",
            about=Constructed(lambda: network(read("builder") + 0.5), "n"),
            scope=Exists(),
            measure=lambda n: enumerated(x=traits_of(n) - read("measure") + 0.5),
            must_fail=[on_networks("flat", lambda e: e.replace(scores=e.weights["scores"] * (read("control") - 0.5)))],
        )(lambda n: n["x"] > read("judge"))
        assert [check([made], None, store).records[0]["reused"] for _ in range(2)] == [False, True]
        file.write_text("0.75")
        assert check([made], None, store).records[0]["reused"] is False
        file.unlink()
        assert check([made], None, store).records[0]["reused"] is False

    def test_measures_that_read_a_file_are_taken_again_when_it_changes(self, store, tmp_path, calls):
        (tmp_path / "shift.txt").write_text("0")

        def shifted(run):
            return enumerated(trait=traits_of(run.ensemble) + float((tmp_path / "shift.txt").read_text()))

        for number in (1, 2):
            source = Counting(provider([1.0] * 64), store)
            check(
                [trained(f"t/{number}", lambda n, k=number: n["trait"] > 0.1 * k, measure=shifted)], source, store, 64
            )
        assert len(calls) == 2, "the second claim uses the first one's numbers"
        (tmp_path / "shift.txt").write_text("1")
        source = Counting(provider([1.0] * 64), store)
        check([trained("t/3", lambda n: n["trait"] > 0.3, measure=shifted)], source, store, 64)
        assert len(calls) == 4

    def test_fresh_takes_measures_again(self, store, calls):
        check([trained()], Counting(provider([1.0] * 64), store), store, 64)
        check([trained()], Counting(provider([1.0] * 64), store), store, 64, reuse=False)
        assert len(calls) == 4

    def test_two_measures_on_one_line_are_two(self, store):
        one, other = (lambda run: enumerated(a=1)), (lambda run: enumerated(a=2))
        about = dict(says="S", about=OnTask(TASK), scope=EveryInput(), must_fail=[])
        made = [claim("t/one", measure=one, **about)(lambda n: n["a"] == 1)]
        made += [claim("t/other", measure=other, **about)(lambda n: n["a"] == 1)]
        assert [r["verdict"] for r in check(made, None, store).records] == ["UNCONTROLLED", "FAILS"]

    def test_builders_of_two_objects_are_two(self):
        class Build:
            def __init__(self, value):
                self.value = value

            def build(self):
                return [self.value]

        about = dict(says="S", scope=EveryInput(), must_fail=[], measure=lambda found: enumerated(a=found[0]))
        made = [
            claim(f"t/{v}", about=Process(Build(v).build, "p"), **about)(lambda n, v=v: n["a"] == v) for v in (1, 2)
        ]
        assert [r["verdict"] for r in check(made).records] == ["UNCONTROLLED"] * 2


BAR = 0.5


def above_bar(n):
    return n["trait"] > BAR


class TestRegistration:
    def test_a_claim_is_registered_before_its_networks_are_trained(self, store):
        found = check([trained()], Counting(provider([1.0] * 64), store), store, 64).records[0]
        assert found["registered"] == "before"
        assert found["reason"].endswith("above the bar 0.9 at 95%")
        late = check([trained("t/late")], Counting(provider([1.0] * 64), store), store, 64).records[0]
        assert late["registered"] == "after"
        assert late["reason"].endswith("; stated after its networks were trained, in this store")

    def test_other_numbers_of_networks_are_told(self, store):
        for n in (40, 29, 64):
            found = check([trained()], provider([1.0] * n), store, n).records[0]
        assert "judged in this store with 29, 40 networks before" in found["reason"]
        other = trained(judge=lambda n: n["trait"] > 0.7)
        assert "networks before" not in check([other], provider([1.0] * 64), store, 64).records[0]["reason"]
        refused = check([trained("t/few")], provider([1.0] * 8), store, 8).records[0]
        assert refused["verdict"] == "ERROR"
        assert "before" not in check([trained("t/few")], provider([1.0] * 64), store, 64).records[0]["reason"]

    def test_the_text_that_is_registered_holds_sources_and_scope(self, store):
        check([trained()], provider([1.0] * 64), store, 64)
        (row,) = store.rows("SELECT * FROM claim_registered")
        text = json.loads(row["text"])
        assert (
            "def positive" in text["judge"]["source"] and text["scope"]["at_least"] == 0.9 and text["scope"]["n"] == 64
        )

    def test_exploration_is_never_stored(self, store):
        seeds = exploration_seeds(64)
        source = provider([1.0] * 64, seeds=np.array(seeds))
        source._runs["fake-0"] = run([0.0] * 64, FakeRecipe(steps=0), seeds=np.array(seeds))
        found = check([trained()], source, store, 64, seeds=seeds)
        assert found.exploring and found.records[0]["seeds"] == [1_000_000, 1_000_064]
        assert found.records[0]["reason"].startswith("EXPLORATION, no verdict: 64 of 64 networks")
        assert found.records[0]["verdict"] == "HOLDS" and verdicts.latest(store) == []
        assert not set(seeds) & set(confirmation_seeds(100_000)) and store.rows("SELECT * FROM claim_registered") == []

    def test_the_judged_seeds_are_recorded(self, store):
        judged = confirmation_seeds(64)
        assert check([trained()], provider([1.0] * 64), store, 64).records[0]["seeds"] == [judged[0], judged[-1] + 1]
        assert check([trained()], provider([1.0] * 64), store, seeds=judged).records[0]["reused"] is True


class TestFaults:
    @pytest.mark.parametrize("leaves", [SystemExit(0), GeneratorExit(), MemoryError()])
    def test_whatever_a_judge_raises_ends_no_run(self, leaves):
        def gone(n):
            raise leaves

        checked = check([trained("t/gone", gone), trained()], provider([1.0] * 64))
        assert [r["verdict"] for r in checked.records] == ["ERROR", "HOLDS"]
        assert type(leaves).__name__ in checked.records[0]["reason"] and "in gone" in checked.records[0]["reason"]

    @pytest.mark.parametrize("answer", [None, 1, [], [True, False], "yes", 0.5])
    def test_answers_that_are_none_name_the_judge(self, answer):
        found = check([replace(on_task(), judge=lambda n: answer)]).records[0]
        assert found["verdict"] == "ERROR" and "test_runner.py:" in found["reason"] and "judge" in found["reason"]

    def test_a_store_that_cannot_be_written_costs_no_verdict(self, store):
        check([trained()], Counting(provider([1.0] * 64), store), store, 64)
        with sqlite3.connect(store.path / "ledger.sqlite") as other:
            other.execute("BEGIN IMMEDIATE")  # somebody else is writing
            store._connection.execute("PRAGMA busy_timeout = 1")
            checked = check([trained(), on_task()], provider([1.0] * 64), store, 64)
        other.close()
        assert [(r["verdict"], r["reused"]) for r in checked.records] == [("HOLDS", True), ("HOLDS", False)]
        assert "another readoff is writing" in checked.problem and checked.exit_code() == 2
        assert len(verdicts.latest(store)) == 1

    def test_a_claim_that_raises_stops_no_other(self, store):
        broken = trained("t/broken", lambda n: 1 / 0)
        checked = check([broken, trained()], provider([1.0] * 64), store, 64)
        assert [r["verdict"] for r in checked.records] == ["ERROR", "HOLDS"] and checked.exit_code() == 1
        assert {r["id"]: r["verdict"] for r in verdicts.latest(store)} == {"t/broken": "ERROR", "t/trained": "HOLDS"}
        again = check([broken], provider([1.0] * 64), store, 64).records[0]
        assert again["reused"] is False, "an error is tried again"

    def test_an_interrupt_keeps_what_is_done(self, store):
        def interrupt(n):
            raise KeyboardInterrupt

        checked = check([trained("t/zz", interrupt), on_task()], provider([1.0] * 64), store, 64)
        assert checked.interrupted and checked.exit_code() == 130
        assert [r["id"] for r in checked.records] == ["t/task"]
        assert [r["id"] for r in verdicts.latest(store)] == ["t/task"]

    def test_a_provider_that_fails_is_an_error_of_its_claims_only(self):
        class Broken:
            def identity(self, recipe, seeds):
                return None

            def obtain(self, recipes, seeds):
                raise BadValue("no such task")

        checked = check([trained(), on_task()], Broken(), n_seeds=64)
        assert [r["verdict"] for r in checked.records] == ["ERROR", "HOLDS"]

    def test_two_claims_of_one_name_are_refused(self):
        with pytest.raises(BadValue, match="two claims are called t/task"):
            check([on_task(), on_task()])

    def test_missing_networks_are_refused(self):
        source = provider([1.0] * 64)
        found = check([trained()], source, n_seeds=63).records[0]
        assert found["verdict"] == "ERROR" and "never a selection" in found["reason"]


def test_exit_codes():
    half = [1.0] * 60 + [0.0] * 4
    undecided = check([trained()], provider(half), n_seeds=64)
    assert undecided.records[0]["verdict"] == "UNDECIDED"
    assert (undecided.exit_code(), undecided.exit_code(strict=True)) == (0, 1)
    assert check([trained()], provider([0.0] * 64), n_seeds=64).exit_code() == 1
    assert check([on_task()]).exit_code() == 0


def test_json_has_exactly_the_keys_of_the_design():
    record = check([on_task()]).records[0]
    assert tuple(to_json(record)) == JSON_KEYS
    assert set(to_json(record)["controls"][0]) == {"name", "expected", "as_expected"}
    json.dumps(record, allow_nan=False)


def test_the_error_rate_of_the_whole_library_is_stated():
    assert "3 statistical claims" in error_rate([trained(), trained(), trained(), on_task()])
    assert "0.15" in error_rate([trained(), trained(), trained()]) and "no statistical" in error_rate([on_task()])


def test_nothing_is_trained_for_claims_that_are_refused():
    source = Counting(provider([1.0] * 8))
    assert "refused" in check([trained()], source, n_seeds=8).records[0]["reason"]
    assert source.asked == []


def test_a_full_disk_while_training_stops_the_run_with_its_sentence():
    class Full:
        def identity(self, recipe, seeds):
            return None

        def obtain(self, recipes, seeds):
            raise StoreError("the disk is full")

    checked = check([trained(), on_task()], Full(), n_seeds=64)
    assert [r["id"] for r in checked.records] == ["t/task"], "what was judged before is kept"
    assert checked.problem == "the disk is full" and checked.exit_code() == 2
