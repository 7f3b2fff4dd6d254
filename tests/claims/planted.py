"""Planted false claims. Each is false in one way that people really fool themselves; none of them may HOLD.

A file in the language itself: `PLANTED` lists (claim, provider of networks, the verdict it must get, why it is false).
Every way of being false stands here in several variants, because a check may catch one wording and miss the next.
"""

import numpy as np
from subjects import TASK, FakeRecipe, FakeRun, ensemble, network, provider, run, traits_of

from readoff.circuits.behaviour import margins_of, network_logits
from readoff.claims import (
    Certified,
    Constructed,
    EveryInput,
    EveryNetwork,
    Given,
    Seeds,
    Trained,
    certified,
    claim,
    ensemble_of,
    enumerated,
    on_material,
    on_networks,
    sampled,
)
from readoff.claims.provider import Ready

N = 64
GOOD, MIXED = [1.0] * N, [*np.linspace(1, 2, 40), *np.linspace(-1, 0, 24)]


def trait(thing):
    return enumerated(trait=traits_of(ensemble_of(thing)))


def has_trait(n):
    return n["trait"] > 0.5


def lacks_trait(n):
    return n["trait"] < 0.5


def seeds(name, measure=trait, judge=has_trait, **fields):
    about, scope = Trained(FakeRecipe()), fields.pop("scope", Seeds(0.9))
    return claim(f"planted/{name}", says="False.", about=about, scope=scope, measure=measure, **fields)(judge)


# -- the wrong class of networks: the proof is about networks without bias, the words are about all of them ----------
def small(certificate):
    return [] if certificate["rank"] == 1 else ["the rank is not 1"]


def proof(name, **scope):
    about = Certified(lambda: {"rank": 1}, small)
    wide = EveryNetwork("all networks with one head, biases or not", **scope)
    return claim(f"planted/{name}", says="False.", about=about, scope=wide, measure=trait)(lacks_trait)


OUTSIDE = Constructed(lambda: network(1.0), "another task")
wrong_class = proof("wrong-class", relaxation=OUTSIDE, attack=Trained(FakeRecipe()))
wrong_class_unattacked = proof("wrong-class-unattacked", relaxation=OUTSIDE)
wrong_class_unsharp = proof(
    "wrong-class-unsharp", relaxation=Constructed(lambda: network(0.0), "inside"), attack=Trained(FakeRecipe())
)


# -- post-selected seeds ---------------------------------------------------------------------------------------------
def only_the_good(thing):
    found = traits_of(ensemble_of(thing))
    return enumerated(trait=found[found > 0.5])


def copied(thing):
    found = traits_of(ensemble_of(thing))
    return enumerated(trait=found, quality=found.copy())


def selected_by(name, change, condition, judged="trait", judge=has_trait):
    """The condition reads what `change` makes of the number that is judged."""

    def measure(thing):
        found = traits_of(ensemble_of(thing))
        return enumerated(**{judged: found, "quality": change(found)})

    scope = Seeds(0.9, given=lambda n: condition(n["quality"]))
    return seeds(f"selected-by-{name}", measure, judge, scope=scope)


selected_by_outcome = seeds("selected-by-outcome", scope=Seeds(0.9, given=has_trait))
selected_by_copy = seeds("selected-by-copy", copied, scope=Seeds(0.9, given=lambda n: n["quality"] > 0.5))
SELECTED = [
    selected_by("boolean", lambda x: x > 0.5, lambda q: q),
    selected_by("whole-number", lambda x: (x > 0.5).astype(int), lambda q: q == 1),
    selected_by("twice", lambda x: 2 * x, lambda q: q > 1.2),
    selected_by("complement", lambda x: 1 - x, lambda q: q < 0.4),
    selected_by("float32", lambda x: x.astype(np.float32), lambda q: q > 0.6),
    selected_by("shifted-float32", lambda x: (100 + x).astype(np.float32), lambda q: q > 100.6),
    selected_by("cube", lambda x: x**3, lambda q: q > 0.2),
    selected_by("column", lambda x: np.stack([0 * x, x], axis=1), lambda q: q.max(axis=1) > 0.6),
    selected_by("margin", lambda x: x, lambda q: q > 0.6, "worst_margin", lambda n: n["worst_margin"] > 0.5),
]
selected_in_measure = seeds("selected-in-measure", only_the_good)
selected_in_provider = seeds("selected-in-provider")
HAND_PICKED = Ready([run(GOOD, seeds=np.arange(N) * 7), run([0.0] * N, FakeRecipe(steps=0))])


same_as_outcome = seeds(
    "same-as-outcome",
    lambda thing: enumerated(trait=traits_of(ensemble_of(thing)), fine=traits_of(ensemble_of(thing)) > 0.4),
    scope=Seeds(0.9, given=lambda n: n["fine"]),
)
SOME_UNTRAINED = [1.0] * 5 + [0.0] * (N - 5)


# -- a constant gauge shift: the heads are "opposite" because of a constant that no logit sees -------------------------
def opposite_heads(thing):
    means = ensemble_of(thing).weights["V"].mean(axis=(2, 3))
    return enumerated(product=means[:, 0] * means[:, 1])


def with_opposite_constants(n=N):
    made = ensemble([0.0] * n)
    constants = np.array([3.0, -3.0])[None, :, None, None]
    bias = made.weights["b"] - np.einsum("hvd,mhdo->mo", constants[0, :, :1], made.weights["O"])
    return made.replace(V=made.weights["V"] + constants, b=bias)


gauge = seeds("gauge", opposite_heads, lambda n: n["product"] < 0)
GAUGED = Ready([FakeRun(FakeRecipe(), with_opposite_constants()), run([0.0] * N, FakeRecipe(steps=0))])


def trained_as(ensemble_):
    """Networks written for the purpose, and untrained ones that have nothing of the kind."""
    return Ready([FakeRun(FakeRecipe(), ensemble_), FakeRun(FakeRecipe(steps=0), ensemble([0.0] * N))])


def opposite_score_means(thing):
    means = ensemble_of(thing).weights["scores"].mean(axis=-1)
    return enumerated(product=means[:, 0] * means[:, 1])


def opposite_signs_of_o(thing):
    first = ensemble_of(thing).weights["O"][:, :, 0, 0]
    return enumerated(product=first[:, 0] * first[:, 1])


def largest_entry_of_v(thing):
    return enumerated(product=-np.abs(ensemble_of(thing).weights["V"]).max(axis=(1, 2, 3)))


def with_opposite_scores():
    made = ensemble([0.0] * N)
    return made.replace(scores=made.weights["scores"] + np.array([3.0, -3.0])[None, :, None])


def with_opposite_signs():
    made = ensemble([0.0] * N)
    sign = np.sign(made.weights["O"][:, :, :1, :1]) * np.array([1.0, -1.0])[None, :, None, None]
    return made.replace(O=made.weights["O"] * sign, V=made.weights["V"] * sign)


gauge_scores = seeds("gauge-scores", opposite_score_means, lambda n: n["product"] < -1)
gauge_basis = seeds("gauge-basis", opposite_signs_of_o, lambda n: n["product"] < 0)
gauge_constructed = claim(
    "planted/gauge-constructed",
    says="False.",
    about=Constructed(lambda: with_opposite_constants(1)[0], "two heads"),
    scope=EveryInput(),
    measure=lambda thing: enumerated(product=float(opposite_heads(thing).numbers["product"][0])),
    must_fail=[on_networks("no values", lambda e: e.replace(V=0 * e.weights["V"] + 1))],
)(lambda n: n["product"] < 0)
gauge_given = claim(
    "planted/gauge-given",
    says="False.",
    about=Given(with_opposite_scores()[0], TASK),
    scope=EveryInput(),
    measure=lambda given: enumerated(means=given.model.weights["scores"].mean(axis=-1)),
    must_fail=[on_networks("no scores", lambda e: e.replace(scores=0 * e.weights["scores"] + 1))],
)(lambda n: (n["means"][0] > 0) & (n["means"][1] < 0))


# -- a near-tie decided by rounding: label and rival have the same real logit ----------------------------------------
def tied(tokens):
    return np.stack([np.full(len(tokens), 0.1 + 0.2), np.full(len(tokens), 0.3)], axis=1)


def worst_margin(given):
    rows = given.task.domain()
    rows = rows.tokens[rows.labels == 0], rows.labels[rows.labels == 0]
    found = given.model(rows[0]) if callable(given.model) else network_logits(given.model, rows[0])
    return enumerated(margin=margins_of(found, rows[1]).min())


near_tie = claim(
    "planted/near-tie", says="False.", about=Given(tied, TASK), scope=EveryInput(), measure=worst_margin
)(lambda n: n["margin"] > 0)  # fmt: skip
other_model = on_material("another model", lambda g: Given(lambda t: np.tile([0.0, 1.0], (len(t), 1)), g.task))


def certified_margin(given):
    return certified(margin=worst_margin(given).numbers["margin"])


near_tie_certified = claim(
    "planted/near-tie-certified", says="False.", about=Given(tied, TASK), scope=EveryInput(), measure=certified_margin,
    must_fail=[other_model],
)(lambda n: n["margin"] > 0)  # fmt: skip


def near_tie_called(name, judge):
    def measure(given):
        return enumerated(**{name: worst_margin(given).numbers["margin"]})

    about = dict(about=Given(tied, TASK), scope=EveryInput(), measure=measure, must_fail=[other_model])
    return claim(f"planted/near-tie-called-{name}", says="False.", **about)(judge)


NEAR_TIES = [
    near_tie_called("gap", lambda n: n["gap"] > 0),
    near_tie_called("difference", lambda n: ~(n["difference"] <= 0)),
    near_tie_called("worst", lambda n: n["worst"] != 0),
    near_tie_called("relative", lambda n: n["relative"] / 0.3 > 0),
]


# -- networks that did not come out: diverged, or with a number that is none -----------------------------------------
def with_weight(thing):
    found = traits_of(ensemble_of(thing))
    return enumerated(trait=found, weight=np.ones(len(found)), half=np.where(found > 0.5, 1.0, np.nan))


ALIVE = np.arange(N) >= 14
diverged_under_condition = seeds(
    "diverged-under-condition", with_weight, scope=Seeds(0.9, given=lambda n: n["weight"] > 0)
)
NOT_A_NUMBER = [
    seeds("nan-is-not-below", judge=lambda n: ~(n["trait"] < 0.5)),
    seeds("nan-is-not-equal", judge=lambda n: n["trait"] != 0),
    seeds("nan-is-either", judge=lambda n: (n["trait"] > 0.5) | ~(n["trait"] > 0.5)),
    seeds(
        "nan-in-condition", with_weight, lambda n: n["weight"] > 0, scope=Seeds(0.9, given=lambda n: ~(n["half"] < 1))
    ),
]
nan_control = seeds(
    "nan-control",
    judge=lambda n: n["trait"] < 10,
    must_fail=[on_networks("ruined", lambda e: e.replace(scores=e.weights["scores"] * np.nan))],
)

# -- controls that secretly pass, or are none ------------------------------------------------------------------------
always = seeds("always", judge=lambda n: n["trait"] < 10)
uncontrolled = seeds("uncontrolled", must_fail=[])
no_change = seeds("no-change", must_fail=[on_networks("nothing", lambda e: e)])
wrong_control = seeds("wrong-control", must_fail=[on_networks("other outputs", lambda e: e.replace(O=-e.weights["O"]))])
most_controls = seeds("most-controls")

# -- a few inputs sold as every input; a bar reached by luck of a small n ----------------------------------------------
few_inputs = claim(
    "planted/few-inputs",
    says="False.",
    about=Given(lambda tokens: np.tile([0.0, 1.0], (len(tokens), 1)), TASK),
    scope=EveryInput(),
    measure=lambda given: sampled(right=bool(given.model(np.array([[0, 1, 3]]))[0, 1] > 0)),
)(lambda n: n["right"])
below_the_bar = seeds("below-the-bar")
small_condition = seeds(
    "small-condition",
    lambda run: enumerated(trait=traits_of(run.ensemble), rare=np.arange(N) < 8),
    scope=Seeds(0.9, given=lambda n: n["rare"]),
)

PLANTED = [
    (wrong_class, provider(GOOD), "FAILS", "networks inside the named class do what is said to be impossible"),
    (wrong_class_unattacked, None, "UNCONTROLLED", "nobody tried to break it inside the named class"),
    (wrong_class_unsharp, provider([0.0] * N), "VACUOUS", "the relaxation relaxes nothing"),
    (selected_by_outcome, provider(MIXED), "VACUOUS", "the condition is the outcome"),
    (selected_by_copy, provider(MIXED), "VACUOUS", "the condition is a copy of the outcome"),
    *((made, provider(MIXED), "VACUOUS", "the condition is the outcome in other words") for made in SELECTED),
    (same_as_outcome, provider(MIXED, untrained=SOME_UNTRAINED), "VACUOUS", "untrained networks tell no difference"),
    (selected_in_measure, provider(MIXED), "ERROR", "the measure drops networks"),
    (selected_in_provider, HAND_PICKED, "ERROR", "the seeds were picked"),
    (gauge, GAUGED, "UNCONTROLLED", "the constant is gauge"),
    (gauge_scores, trained_as(with_opposite_scores()), "UNCONTROLLED", "a constant over keys is gauge"),
    (gauge_basis, trained_as(with_opposite_signs()), "UNCONTROLLED", "signs inside a head are gauge"),
    (gauge_constructed, None, "UNCONTROLLED", "the constant is gauge in a construction too"),
    (gauge_given, None, "UNCONTROLLED", "and in a network that somebody hands over"),
    (near_tie, None, "UNDECIDED", "0.1 + 0.2 is 0.3"),
    (near_tie_certified, None, "ERROR", "a float is called certified"),
    *((made, None, "UNDECIDED", "0.1 + 0.2 is 0.3, whatever it is called") for made in NEAR_TIES),
    (diverged_under_condition, provider(GOOD, alive=ALIVE), "FAILS", "14 of 64 diverged, whatever the condition says"),
    *((made, provider([1.0] * 40 + [np.nan] * 24), "UNDECIDED", "NaN shows nothing") for made in NOT_A_NUMBER),
    (nan_control, provider(GOOD), "UNDECIDED", "a control of NaN rejects nothing"),
    (always, provider(GOOD), "VACUOUS", "untrained networks do it too"),
    (no_change, provider(GOOD), "VACUOUS", "the control changes nothing"),
    (wrong_control, provider(GOOD), "VACUOUS", "the control changes something else"),
    (most_controls, provider(GOOD, untrained=[1.0] * 58 + [0.0] * 6), "UNDECIDED", "58 of 64 untrained ones do it"),
    (uncontrolled, provider(GOOD), "UNCONTROLLED", "nothing could have failed"),
    (few_inputs, None, "UNDECIDED", "one input is not every input"),
    (below_the_bar, provider([1.0] * 61 + [0.0] * 3), "UNDECIDED", "61 of 64 do not show 90 %"),
    (small_condition, provider(GOOD), "UNDECIDED", "8 networks do not show 90 %"),
]
