"""From numbers to verdicts: scopes, controls, conditions, open questions, errors. Networks by hand."""

import numpy as np
import pytest
from subjects import ARCHITECTURE, TASK, FakeRecipe, ensemble, network, provider, traits_of

from readoff.claims import (
    Certified,
    Constructed,
    EveryInput,
    EveryNetwork,
    Exhibit,
    Exists,
    Given,
    Identity,
    Known,
    OnTask,
    Process,
    Seeds,
    Trained,
    certified,
    claim,
    enumerated,
    gauge_shifted,
    on_material,
    on_networks,
    permuted_labels,
    sampled,
    untrained,
)
from readoff.claims.control import heads_mixed, on_task, outputs_merged
from readoff.claims.runner import check
from readoff.claims.scope import confirmation_seeds
from readoff.core.errors import BadValue


def trait(run):
    return enumerated(trait=traits_of(run.ensemble))


def one_trait(net):
    return enumerated(trait=traits_of(net))


def positive(n):
    return n["trait"] > 0.5


def seeds_claim(judge=positive, bar=0.9, given=None, measure=trait, must_hold=(), **fields):
    scope = Seeds(bar, given=given)
    make = claim(
        "t/x", says="S", about=Trained(FakeRecipe()), scope=scope, measure=measure, must_hold=must_hold, **fields
    )
    return make(judge)


def verdict(made, traits=None, n=None, **kwargs):
    source = provider(traits, **kwargs) if traits is not None else None
    return check([made], source, n_seeds=n or len(traits or [0])).records[0]


def names(record):
    return {c["name"]: c["verdict"] for c in record["controls"]}


class TestSeeds:
    def test_enough_networks_hold(self):
        found = verdict(seeds_claim(), [1.0] * 64)
        assert (found["verdict"], found["value"], found["n"], found["networks"]) == (
            "HOLDS",
            1.0,
            64,
            "SAMPLED 64 of 64",
        )
        assert found["interval"][0] == pytest.approx(0.05 ** (1 / 64)) and found["interval"][1] == 1.0
        assert names(found) == {"untrained": "FAILS"} and found["networks_from"] == "trained"
        assert found["inputs"] == "ENUMERATED" and found["at_least"] == 0.9 and 0 < found["power"] < 1

    def test_two_failures_of_64_hold_and_three_do_not(self):
        assert verdict(seeds_claim(), [1.0] * 62 + [0.0] * 2)["verdict"] == "HOLDS"
        found = verdict(seeds_claim(), [1.0] * 61 + [0.0] * 3)
        assert found["verdict"] == "UNDECIDED" and "astride" in found["reason"] and "probability" in found["reason"]

    def test_far_below_the_bar_fails(self):
        found = verdict(seeds_claim(), [1.0] * 40 + [0.0] * 24)
        assert found["verdict"] == "FAILS" and "40 of 64" in found["reason"]

    def test_a_bar_out_of_reach_is_refused_with_the_number_needed(self):
        found = verdict(seeds_claim(), [1.0] * 28)
        assert found["verdict"] == "ERROR" and "refused" in found["reason"] and "29" in found["reason"]
        assert verdict(seeds_claim(), [1.0] * 29)["verdict"] == "HOLDS"

    def test_diverged_networks_never_count_as_a_success(self):
        alive = [True] * 50 + [False] * 14
        found = verdict(seeds_claim(), [1.0] * 64, alive=alive)
        assert found["verdict"] == "FAILS" and found["value"] == 50 / 64
        assert found["failed_seeds"] == list(confirmation_seeds(64))[50:]

    def test_nan_counts_as_no(self):
        assert verdict(seeds_claim(), [1.0] * 50 + [np.nan] * 14)["value"] == 50 / 64

    def test_too_close_to_call_counts_against_both_sides(self):
        def margin(run):
            return enumerated(margin=traits_of(run.ensemble))

        def right(n):
            return n["margin"] > 0

        ties = verdict(seeds_claim(right, measure=margin), [1.0] * 56 + [1e-13] * 8)
        assert ties["verdict"] == "UNDECIDED" and "8 more lie too close" in ties["reason"]
        none = verdict(seeds_claim(right, measure=margin), [-1.0] * 62 + [1e-13] * 2)
        assert none["verdict"] == "FAILS"


class TestConditions:
    @staticmethod
    def two(run):
        b = traits_of(run.ensemble)
        return enumerated(solves=b > -0.5, trait=b)

    @staticmethod
    def solves(n):
        return n["solves"]

    def test_both_denominators_are_printed(self):
        found = verdict(seeds_claim(given=self.solves, measure=self.two), [1.0] * 51 + [0.0] + [-1.0] * 12)
        assert found["verdict"] == "HOLDS" and found["networks"] == "SAMPLED 52 of 64" and found["n"] == 52
        assert "51 of 52 networks that meet the condition, of 64 made" in found["reason"]

    def test_controls_use_the_networks_chosen_before_they_were_spoilt(self):
        made = seeds_claim(given=self.solves, measure=self.two)
        found = verdict(made, [1.0] * 64, untrained=np.full(64, -1.0))
        assert found["verdict"] == "HOLDS" and names(found) == {"untrained": "FAILS"}

    def test_none_or_too_few_are_undecided(self):
        made = seeds_claim(given=self.solves, measure=self.two)
        assert "none of 64" in verdict(made, [-1.0] * 64)["reason"]
        assert verdict(made, [1.0] * 20 + [0.0] + [-1.0] * 43)["verdict"] == "UNDECIDED"


class TestDraws:
    """Independent draws of a process are counted like networks, and sampled numbers do not stand in the way."""

    none_shifted = on_material("all negative", lambda draws: -np.abs(draws))

    def made(self, draws, bar=0.9, n=None, **fields):
        about = Process(lambda: np.asarray(draws), "draws", draws=n or len(draws))
        make = claim("t/x", says="S", about=about, scope=Seeds(bar), measure=lambda draws: sampled(trait=draws),
                     must_fail=[self.none_shifted], **fields)  # fmt: skip
        return make(positive)

    def test_enough_of_them_hold_whatever_the_number_of_seeds(self):
        found = verdict(self.made([1.0] * 200 + [0.0] * 5), n=3)
        assert found["verdict"] == "HOLDS" and found["n"] == 205 and found["inputs"] == "SAMPLED"
        assert found["networks"] == "SAMPLED 205 of 205" and "200 of 205 draws" in found["reason"]
        assert names(found) == {"all negative": "FAILS"}

    def test_too_few_are_refused_and_too_low_a_share_fails(self):
        assert "takes 29" in verdict(self.made([1.0] * 20), n=64)["reason"]
        assert verdict(self.made([1.0] * 50 + [0.0] * 50))["verdict"] == "FAILS"

    def test_the_number_of_draws_is_declared(self):
        assert "100 networks (or draws)" in verdict(self.made([1.0] * 99, n=100))["reason"]

    def test_one_process_is_no_sample(self):
        with pytest.raises(BadValue, match="draws=n"):
            claim("t/x", says="S", about=Process(lambda: 1, "one"), scope=Seeds(0.9), measure=lambda x: sampled(x=x))


class TestOneThing:
    def test_a_construction(self):
        flat = on_networks("no scores", lambda e: e.replace(scores=0 * e.weights["scores"]))
        made = claim("t/x", says="S", about=Constructed(lambda: network(1.0), "n"), scope=Exists(),
                     measure=one_trait, must_fail=[flat])(positive)  # fmt: skip
        found = verdict(made)
        assert found["verdict"] == "HOLDS" and found["networks"] == "ONE" and found["networks_from"] == "trained"
        assert found["value"] == 1.0

    def test_false_is_fails(self):
        made = claim("t/x", says="S", about=Constructed(lambda: network(0.0), "n"), scope=Exists(), measure=one_trait)
        assert verdict(made(positive))["verdict"] == "FAILS"

    @pytest.mark.parametrize("scope", [EveryInput(), Identity(), Exists()])
    def test_sampled_inputs_refute_and_never_establish(self, scope):
        def measure(task):
            return sampled(trait=1.0)

        make = claim("t/x", says="S", about=OnTask(TASK), scope=scope, measure=measure)
        assert verdict(make(positive))["verdict"] == "UNDECIDED"
        assert verdict(make(lambda n: not positive(n)))["verdict"] == "FAILS"

    def test_a_certified_number_and_its_reference(self):
        def share(task):
            return certified(share=(0.333, 0.334) if task.labels.count(1) == 3 else (0.0, 0.1))

        known = Known("0.33", "by hand")
        make = claim("t/x", says="S", about=OnTask(TASK), scope=EveryInput(), known=known, measure=share)
        found = verdict(make(lambda n: (n["share"] > 0.3) & (n["share"] < 0.4)))
        assert found["verdict"] == "HOLDS" and found["inputs"] == "CERTIFIED" and found["agrees"] == "yes"
        assert found["interval"] == [0.333, 0.334] and found["controls"][0]["name"] == outputs_merged.name

    def test_an_enclosure_astride_the_bar_is_undecided(self):
        make = claim("t/x", says="S", about=OnTask(TASK), scope=EveryInput(), measure=lambda t: certified(x=(0.0, 1.0)))
        found = verdict(make(lambda n: n["x"] > 0.5 and n["x"] < 3))
        assert found["verdict"] == "UNDECIDED" and "too close" in found["reason"]

    def test_a_search_counts_its_tries(self):
        make = claim("t/x", says="S", about=Trained(FakeRecipe()), scope=Exists(), measure=trait, must_hold=[])
        found = verdict(make(positive), [0.0] * 9 + [1.0])
        assert found["verdict"] == "HOLDS" and found["reason"] == "1 of 10 tries" and found["networks"] == "ONE"
        found = verdict(make(positive), [0.0] * 10)
        assert found["verdict"] == "FAILS" and "does not show that there is none" in found["reason"]


class TestControls:
    def test_holding_on_a_must_fail_control_is_vacuous(self):
        found = verdict(seeds_claim(), [1.0] * 64, untrained=np.ones(64))
        assert found["verdict"] == "VACUOUS" and "untrained" in found["reason"]

    def test_an_undecided_control_makes_the_claim_undecided(self):
        found = verdict(seeds_claim(), [1.0] * 64, untrained=np.array([1.0] * 58 + [0.0] * 6))
        assert found["verdict"] == "UNDECIDED" and "control `untrained` is undecided" in found["reason"]

    def test_no_controls_is_uncontrolled(self):
        assert verdict(seeds_claim(must_fail=[]), [1.0] * 64)["verdict"] == "UNCONTROLLED"
        assert verdict(seeds_claim(must_fail=[], must_hold=[gauge_shifted]), [1.0] * 64)["verdict"] == "UNCONTROLLED"

    def test_a_claim_that_fails_fails_whatever_its_controls_do(self):
        assert verdict(seeds_claim(must_fail=[]), [0.0] * 64)["verdict"] == "FAILS"

    def test_a_must_hold_control_that_fails(self):
        negated = on_networks("negated", lambda e: e.replace(scores=-e.weights["scores"]))
        found = verdict(seeds_claim(must_hold=[negated]), [1.0] * 64)
        assert found["verdict"] == "UNCONTROLLED" and "negated" in found["reason"]

    def test_a_control_that_raises_is_an_error_with_its_line(self):
        broken = on_material("broken", lambda run: 1 / 0)
        found = verdict(seeds_claim(must_fail=[broken]), [1.0] * 64)
        assert found["verdict"] == "ERROR" and "broken" in found["reason"] and "ZeroDivisionError" in found["reason"]

    def test_a_control_that_does_not_fit_is_an_error(self):
        make = claim("t/x", says="S", about=OnTask(TASK), scope=EveryInput(), measure=lambda t: enumerated(trait=1.0),
                     must_fail=[untrained])  # fmt: skip
        assert "control for Trained and Sweep" in verdict(make(positive))["reason"]

    def test_processes_have_no_default_control(self):
        make = claim(
            "t/x", says="S", about=Process(lambda: 3, "three"), scope=Identity(), measure=lambda x: certified(trait=x)
        )
        assert verdict(make(positive))["verdict"] == "UNCONTROLLED"
        minus = on_material("minus", lambda x: -x)
        make = claim("t/x", says="S", about=Process(lambda: 3, "three"), scope=Identity(),
                     measure=lambda x: certified(trait=x), must_fail=[minus])  # fmt: skip
        assert verdict(make(positive))["verdict"] == "HOLDS"


class TestMutations:
    """What the shipped controls do to weights, worked out by hand."""

    def test_heads_mixed_takes_head_h_from_network_m_plus_h(self):
        e = ensemble([0.0, 1.0, 2.0])
        v = heads_mixed(e).weights["V"]
        assert np.array_equal(v[:, 0], e.weights["V"][:, 0]) and np.array_equal(v[0, 1], e.weights["V"][1, 1])
        assert np.array_equal(v[2, 1], e.weights["V"][0, 1])
        assert traits_of(heads_mixed(e)).tolist() == [0.0, 1.0, 2.0]
        with pytest.raises(BadValue, match="at least two"):
            heads_mixed(ensemble([0.0]))

    def test_permuted_labels_roll_the_logits_of_networks_and_callables(self):
        from readoff.circuits.behaviour import network_logits
        from readoff.claims.subject import build

        tokens, net = TASK.domain().tokens, network(1.0)
        rolled = np.roll(network_logits(net, tokens), 1, axis=-1)
        spoilt = build(permuted_labels.mutate(Given(net, TASK)), {})
        assert np.allclose(network_logits(spoilt.model, tokens), rolled)
        spoilt = build(permuted_labels.mutate(Given(lambda t: network_logits(net, t), TASK)), {})
        assert np.allclose(spoilt.model(tokens), rolled)

    def test_wrong_feature_swaps_tokens(self):
        from readoff.claims import wrong_feature
        from readoff.claims.subject import build

        net = network(1.0)
        spoilt = build(wrong_feature((0, 2)).mutate(Given(net, TASK)), {}).model
        assert np.array_equal(spoilt.weights["V"][:, 0], net.weights["V"][:, 2])
        assert np.array_equal(spoilt.weights["V"][:, 1], net.weights["V"][:, 1])

    def test_on_task_makes_another_task(self):
        from readoff.tasks.pairs import Pairs

        assert on_task("five", n_signal=5).mutate(OnTask(Pairs())) == OnTask(Pairs(n_signal=5))

    def test_outputs_merged(self):
        from readoff.claims.subject import build

        assert set(build(outputs_merged.mutate(OnTask(TASK)), {}).labels) == {0}


class TestOpenQuestions:
    @staticmethod
    def ask(alternatives=("high", "low"), judge=None):
        judge = judge or (lambda n: {"high": n["trait"] > 0.5, "low": n["trait"] < -0.5})
        return seeds_claim(judge, open=True, alternatives=alternatives)

    def test_the_answer_is_the_one_that_holds(self):
        found = verdict(self.ask(), [-1.0] * 64)
        assert found["verdict"] == "HOLDS" and found["answer"] == "low" and found["reason"].startswith("answer: low")
        assert found["open"] is True and found["alternatives"] == ["high", "low"]

    def test_undecided_is_an_honest_answer(self):
        found = verdict(self.ask(), [1.0] * 32 + [-1.0] * 32)
        assert found["verdict"] == "UNDECIDED" and found["answer"] is None and "none of the declared" in found["reason"]

    def test_the_answer_is_controlled(self):
        assert verdict(self.ask(), [-1.0] * 64, untrained=np.full(64, -1.0))["verdict"] == "VACUOUS"

    def test_alternatives_must_exclude_each_other(self):
        overlapping = self.ask(judge=lambda n: {"high": n["trait"] > 0, "low": n["trait"] < 2})
        assert "exclude each other" in verdict(overlapping, [1.0] * 64)["reason"]

    def test_undeclared_alternatives_are_refused(self):
        other = self.ask(judge=lambda n: {"high": n["trait"] > 0, "new": n["trait"] < 0})
        assert verdict(other, [1.0] * 64)["verdict"] == "ERROR"


CERTIFICATE = {"lower": 3, "upper": 5}


class TestProofs:
    """EveryNetwork: the certificate, its relaxation and its attack."""

    @staticmethod
    def check_certificate(c):
        return [] if 0 < c["lower"] < c["upper"] else [f"lower {c['lower']} is not between 0 and upper {c['upper']}"]

    @staticmethod
    def measure(thing):
        from readoff.claims import ensemble_of

        return enumerated(trait=traits_of(ensemble_of(thing)))

    def make(self, scope_fields=(), **changes):
        fields = {"relaxation": Constructed(lambda: network(1.0), "outside"), "attack": Trained(FakeRecipe())}
        scope = EveryNetwork("networks without the trait", **{**fields, **dict(scope_fields)})
        about = Certified(lambda: changes.get("certificate", CERTIFICATE), self.check_certificate)
        return claim("t/x", says="S", about=about, scope=scope, measure=self.measure)(lambda n: n["trait"] < 0.5)

    def test_a_proof(self):
        found = verdict(self.make(), [0.0] * 8)
        assert found["verdict"] == "HOLDS" and found["networks"] == "PROVED" and found["inputs"] == "CERTIFIED"
        assert list(names(found).values()) == ["FAILS", "FAILS", "FAILS", "HOLDS"] and found["class"].startswith(
            "networks"
        )

    def test_a_refused_certificate_fails(self):
        found = verdict(self.make(certificate={"lower": 9, "upper": 5}), [0.0] * 8)
        assert found["verdict"] == "FAILS" and "lower 9 is not between" in found["reason"]

    def test_an_attack_that_succeeds_beats_the_certificate(self):
        found = verdict(self.make(), [0.0] * 7 + [1.0])
        assert found["verdict"] == "FAILS" and "inside the class" in found["reason"]

    def test_a_relaxation_that_changes_nothing_is_vacuous(self):
        inside = Constructed(lambda: network(0.0), "still inside")
        assert verdict(self.make({"relaxation": inside}), [0.0] * 8)["verdict"] == "VACUOUS"

    @pytest.mark.parametrize("missing", ["relaxation", "attack"])
    def test_without_relaxation_or_attack_it_is_uncontrolled(self, missing):
        found = verdict(self.make({missing: None}), [0.0] * 8)
        assert found["verdict"] == "UNCONTROLLED" and f"names no {missing}" in found["reason"]

    def test_a_checker_that_accepts_anything_is_vacuous(self):
        make = claim("t/x", says="S", about=Certified(lambda: {"bound": 1}, lambda c: []), scope=Identity(),
                     measure=lambda c: certified(bound=c["bound"]))  # fmt: skip
        assert verdict(make(lambda n: True))["verdict"] == "VACUOUS"

    def test_certified_numbers_are_judged(self):
        about = Certified(lambda: CERTIFICATE, self.check_certificate)
        fields = {"scope": Identity(), "headline": "lower", "measure": lambda c: certified(lower=c["lower"])}
        make = claim("t/x", says="S", about=about, **fields)
        found = verdict(make(lambda n: n["lower"] > 2))
        assert found["verdict"] == "HOLDS" and found["value"] == 3.0 and found["networks"] is None


class TestErrors:
    def test_a_predicate_that_raises_names_its_line(self):
        def broken(n):
            return n["trait"] / 0 > [][0]

        found = verdict(seeds_claim(broken), [1.0] * 64)
        assert found["verdict"] == "ERROR" and "test_judging.py:" in found["reason"] and "in broken" in found["reason"]

    def test_a_number_that_was_not_measured_suggests_the_near_one(self):
        found = verdict(seeds_claim(lambda n: n["trai"] > 0), [1.0] * 64)
        assert found["verdict"] == "ERROR" and "Did you mean 'trait'" in found["reason"]

    @pytest.mark.parametrize(
        "judge", [lambda n: True, lambda n: n["trait"][:5] > 0, lambda n: n["trait"], lambda n: None]
    )
    def test_answers_of_the_wrong_shape(self, judge):
        found = verdict(seeds_claim(judge), [1.0] * 64)
        assert found["verdict"] == "ERROR" and (
            "one per network" in found["reason"] or "True or False" in found["reason"]
        )

    def test_several_answers_about_one_thing(self):
        make = claim(
            "t/x", says="S", about=OnTask(TASK), scope=EveryInput(), measure=lambda t: enumerated(x=np.ones(3))
        )
        assert "use .all() or .any()" in verdict(make(lambda n: n["x"] > 0))["reason"]

    def test_exhibits_are_kept_and_a_broken_one_costs_no_verdict(self):
        def picture(run, numbers):
            return [Exhibit("e", "histogram", "T", "C", {"values": numbers["trait"]})]

        assert verdict(seeds_claim(exhibit=picture), [1.0] * 64)["verdict"] == "HOLDS"
        found = verdict(seeds_claim(exhibit=lambda r, n: n["nothing"]), [1.0] * 64)
        assert found["verdict"] == "HOLDS" and "no picture" in found["reason"]

    def test_no_provider(self):
        assert "no trainer" in check([seeds_claim()], None, n_seeds=64).records[0]["reason"]


MISFITS = [
    ({"id": "Bad Id"}, "study/name"),
    ({"says": "  "}, "says"),
    ({"about": TASK}, "wrap it"),
    ({"scope": "Exists"}, "expected Exists"),
    ({"scope": Seeds(0.9)}, "must be Trained"),
    ({"scope": EveryNetwork("c")}, "must be Certified"),
    ({"measure": None}, "measure="),
    ({"relation": "refutes"}, "together"),
    ({"relation": "denies", "statement": "a/b"}, "no relation"),
    ({"open": True}, "two different alternatives"),
    ({"alternatives": ("a", "b")}, "open=True"),
    ({"open": True, "alternatives": ("a", "a")}, "two different"),
]


@pytest.mark.parametrize(("change", "message"), MISFITS)
def test_what_cannot_be_right_is_refused_where_it_is_written(change, message):
    from readoff.core.errors import ReadoffError

    given = {"id": "t/x", "says": "S", "about": OnTask(TASK), "scope": EveryInput(), "measure": trait}
    given |= change
    identifier = given.pop("id")
    with pytest.raises(ReadoffError, match=message):
        claim(identifier, **given)(positive)


@pytest.mark.parametrize("wrong", [{"at_least": 1.0}, {"at_least": 0.0}, {"at_least": 0.9, "confidence": 1.0}])
def test_impossible_bars_are_refused(wrong):
    with pytest.raises(BadValue):
        Seeds(**wrong)


def test_the_default_invariance_follows_the_architecture():
    made = claim("t/x", says="S", about=Trained(FakeRecipe()), scope=Seeds(0.9), measure=trait)(positive)
    assert made.must_hold == (gauge_shifted,) and ARCHITECTURE.biases
