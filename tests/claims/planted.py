"""Planted false claims. Each is false in one way that people really fool themselves; none of them may HOLD.

A file in the language itself: `PLANTED` lists (claim, provider of networks, the verdict it must get, why it is false).
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
    claim,
    ensemble_of,
    enumerated,
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


selected_by_outcome = seeds("selected-by-outcome", scope=Seeds(0.9, given=has_trait))
selected_by_copy = seeds("selected-by-copy", copied, scope=Seeds(0.9, given=lambda n: n["quality"] > 0.5))
selected_in_measure = seeds("selected-in-measure", only_the_good)
selected_in_provider = seeds("selected-in-provider")
HAND_PICKED = Ready([run(GOOD, seeds=np.arange(N) * 7), run([0.0] * N, FakeRecipe(steps=0))])


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

# -- controls that secretly pass, or are none ------------------------------------------------------------------------
always = seeds("always", judge=lambda n: n["trait"] < 10)
uncontrolled = seeds("uncontrolled", must_fail=[])

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
    (selected_in_measure, provider(MIXED), "ERROR", "the measure drops networks"),
    (selected_in_provider, HAND_PICKED, "ERROR", "the seeds were picked"),
    (gauge, GAUGED, "UNCONTROLLED", "the constant is gauge"),
    (near_tie, None, "UNDECIDED", "0.1 + 0.2 is 0.3"),
    (always, provider(GOOD), "VACUOUS", "untrained networks do it too"),
    (uncontrolled, provider(GOOD), "UNCONTROLLED", "nothing could have failed"),
    (few_inputs, None, "UNDECIDED", "one input is not every input"),
    (below_the_bar, provider([1.0] * 61 + [0.0] * 3), "UNDECIDED", "61 of 64 do not show 90 %"),
    (small_condition, provider(GOOD), "UNDECIDED", "8 networks do not show 90 %"),
]
