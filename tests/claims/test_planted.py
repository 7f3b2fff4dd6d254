"""None of the planted false claims holds, and each is caught for its own reason."""

import numpy as np
import pytest
from planted import GOOD, OUTSIDE, PLANTED, N, gauge, proof, provider, seeds, selected_by, trait
from subjects import FakeRecipe, FakeRun, ensemble, network, run, traits_of

from readoff.claims import Constructed, Seeds, Trained, ensemble_of, enumerated
from readoff.claims.provider import Ready
from readoff.claims.runner import check
from readoff.core.errors import BadValue


@pytest.mark.parametrize(("made", "source", "expected", "why"), PLANTED, ids=[p[0].id for p in PLANTED])
def test_a_planted_false_claim_does_not_hold(made, source, expected, why):
    (found,) = check([made], source, n_seeds=N).records
    assert found["verdict"] != "HOLDS", why
    assert found["verdict"] == expected, f"{why}: {found['reason']}"


def test_their_honest_twins_would_hold():
    """The networks of the planted claims are good enough for a true claim: it is the claims that are caught."""
    assert check([seeds("honest")], provider(GOOD), n_seeds=N).records[0]["verdict"] == "HOLDS"
    assert gauge.must_hold == seeds("honest").must_hold, "the gauge control alone catches the shift"


def test_an_honest_condition_may_be_met_by_most_of_those_that_come_out():
    """The condition has nothing to do with the trait: no copy, no line, and one network that meets it fails."""
    rng = np.random.default_rng(0)
    honest = selected_by("nothing", lambda x: rng.permutation(len(x)) * 1.0, lambda q: q > 10)
    traits = [1.0] * (N - 1) + [0.0]
    assert check([honest], provider(traits), n_seeds=N).records[0]["verdict"] in ("HOLDS", "UNDECIDED")


def test_an_honest_condition_may_be_met_by_exactly_those_that_come_out():
    """Trained networks that solve it have the trait; untrained ones have it by chance and solve nothing."""

    def both(thing):
        networks = ensemble_of(thing)
        solves = networks.weights["scores"][:, 1, 0] - networks.weights["scores"][:, 1, 1] > 1
        return enumerated(trait=traits_of(networks), solves=solves)

    def networks(traits, solving):
        made = ensemble(traits)
        scores = made.weights["scores"].copy()
        scores[:, 1, 0] = np.where(solving, 2.0, 0.0)
        return made.replace(scores=scores)

    made = seeds("honest-condition", both, scope=Seeds(0.9, given=lambda n: n["solves"]))
    good = np.arange(N) < 50
    trained = FakeRun(FakeRecipe(), networks(good * 1.0, good))
    chance = FakeRun(FakeRecipe(steps=0), networks((np.arange(N) < 5) * 1.0, np.zeros(N, dtype=bool)))
    found = check([made], Ready([trained, chance]), n_seeds=N).records[0]
    assert (found["verdict"], found["networks"]) == ("HOLDS", f"SAMPLED 50 of {N}"), found["reason"]


def test_a_condition_that_the_claim_does_not_need_does_no_harm():
    made = seeds(
        "needless",
        lambda thing: enumerated(trait=traits_of(ensemble_of(thing)), fine=traits_of(ensemble_of(thing)) > 0.4),
        scope=Seeds(0.9, given=lambda n: n["fine"]),
    )
    for failures, expected in ((1, "HOLDS"), (4, "VACUOUS")):  # 63 of 64 are enough for 0.9, and 60 are not
        source = provider([1.0] * (N - failures) + [0.0] * failures)
        assert check([made], source, n_seeds=N).records[0]["verdict"] == expected


@pytest.mark.parametrize(
    "attack", [Trained(FakeRecipe(steps=0)), Constructed(lambda: network(0.0), "inside")], ids=["untrained", "by hand"]
)
def test_an_attack_that_is_not_trained_is_refused(attack):
    with pytest.raises(BadValue, match="networks that were trained inside the class"):
        proof("unattacked", relaxation=OUTSIDE, attack=attack)


@pytest.mark.parametrize(
    "picked",
    [np.arange(N) * 7, np.arange(N) + 1, list(range(N))[::-1], [0] * N, np.arange(N) * 2 + 1_000_000, []],
    ids=["every seventh", "not from 0", "backwards", "one seed", "explored with gaps", "none"],
)
def test_hand_picked_seeds_are_refused(picked):
    source = Ready([run([1.0] * len(picked), seeds=picked), run([0.0] * len(picked), FakeRecipe(steps=0))])
    with pytest.raises(BadValue, match="are a selection"):
        check([seeds("picked", trait)], source, seeds=picked)
