"""One head decides like a set of skip-trigrams; two heads need not; and how far networks are from additive models.

For a single head the additive model with the same argmax can be written down from the weights (proved by an identity,
checked on every input). Its confidence is another matter: logits are divided by a positive number that depends on the
input. For two heads the question is settled network by network, by linear programming for decisions and by least
squares for logits.
"""

from typing import Any

import numpy as np

from readoff.certificates.one_head import build_one_head, check_one_head
from readoff.circuits.additive import additive_fit, convert
from readoff.circuits.additive_decisions import additive_decisions, decided
from readoff.circuits.behaviour import margins_of, network_logits
from readoff.circuits.paths import context_counts
from readoff.claims import (
    Certified,
    Constructed,
    Control,
    Enclosure,
    EveryInput,
    EveryNetwork,
    Exhibit,
    Lemma,
    Measured,
    Seeds,
    Trained,
    claim,
    enumerated,
    on_material,
    on_networks,
)
from readoff.constructions.parity import parity_network
from readoff.networks.network import Ensemble, Network, stack
from readoff.networks.symmetry import domain_for
from readoff.studies.pairs.arms import explored
from readoff.studies.pairs.recipes import MAIN_DECAY, ONE_HEAD_DECAY
from readoff.studies.skip.certified import another
from readoff.studies.skip.recipes import parity_cell
from readoff.tasks import Parity, Xor


def task_and_networks(thing: Any) -> tuple[Any, Ensemble]:
    """The networks of a run, or a parity construction as an ensemble of one, with their task."""
    if isinstance(thing, Network):
        return Parity(thing.architecture.n_ctx - 1), stack([thing])
    return thing.recipe.task, thing.ensemble


def separable(thing: Any) -> Measured:
    """For every network: is there an additive model with the same decisions? 1 yes, 0 no, between them undecided (the
    linear program was, or the network ties). Equal decisions are settled once. And the least margin on the task."""
    task, ensemble = task_and_networks(thing)
    domain = domain_for(ensemble.architecture, task)
    counts = context_counts(ensemble.architecture, domain.tokens)
    logits = network_logits(ensemble, domain.tokens)
    settled: dict[bytes, tuple[float, float]] = {}
    answers = []
    for decisions in decided(logits):
        key = decisions.tobytes()
        if key not in settled:
            found = additive_decisions(decisions, counts, domain, task.d_vocab_out).separable
            settled[key] = (0.0, 1.0) if found is None else (float(found), float(found))
        answers.append(settled[key])
    low, high = np.array(answers).T
    solved = margins_of(logits, domain.labels).min(axis=-1)
    if isinstance(thing, Network):
        return enumerated(additive=Enclosure(low[0], high[0]), least_margin=solved[0])
    return enumerated(additive=Enclosure(low, high), least_margin=solved)


def _without_the_base(certificate: Any) -> Any:
    return {**certificate, "right": {**certificate["right"], "sum": ["v"]}}


def _two_denominators(certificate: Any) -> Any:
    """Both sides multiplied by one head's denominator too often on the right: what a second head would need."""
    right = {**certificate["right"], "factor": [*certificate["right"]["factor"], *certificate["denominator"]]}
    return {**certificate, "right": right}


def head_alone() -> dict[str, Any]:
    """The identity for D times what the head writes, without bias and direct path: true, and another sentence."""
    return {**build_one_head(), "left": [["n", "e", "v"]], "right": {"factor": ["n", "e"], "sum": ["v"]}}


without_the_base = on_material("the right side without the base", _without_the_base)
two_denominators = on_material("the right side with two denominators", _two_denominators)


@claim(
    "skip/one-head-argmax",
    says="A network with one head (any d_head, positions, biases, direct path) has on every input the same argmax as "
    "an additive skip-trigram model: its logits times a positive number are additive over context tokens.",
    about=Certified(build_one_head, check_one_head, "one-head identity"),
    scope=EveryNetwork(
        "one layer, one head, no MLP, no normalisation; read at the last token",
        relaxation=Constructed(lambda: parity_network(Xor()), "two heads that compute XOR"),
        attack=Trained(parity_cell(3, 1)),
    ),
    measure=separable,
    statement="skip/one-head-argmax",
    relation="qualifies",
    must_fail=[without_the_base, two_denominators, another("the head alone, without what stands there", head_alone)],
    assumes=[
        Lemma("one head", "a head's output is sum_t n_t e_t v_t / sum_t n_t e_t with e_t > 0", "softmax, written out")
    ],
)
def one_head_argmax(n):
    return n["additive"] == 1


def conversion(material: Any) -> Measured:
    """Every network beside the additive model read off its weights (or off those of the seed `shift` places on)."""
    run, shift = material if isinstance(material, tuple) else (material, 0)
    domain = domain_for(run.ensemble.architecture, run.recipe.task)
    agrees, error, spread = [], [], []
    for i in range(len(run.ensemble)):
        found = convert(run.ensemble[i], domain)
        if shift:
            other = convert(run.ensemble[(i + shift) % len(run.ensemble)], domain).models[0]
            added = other.logits(context_counts(run.ensemble.architecture, domain.tokens))
            own = found.temperature[:, None] * network_logits(run.ensemble[i], domain.tokens)
            error.append(np.abs(own - added).max() / np.abs(added).max())
        else:
            error.append(found.error)
        agrees.append(found.agrees.all())
        spread.append(found.temperature.max() / found.temperature.min())
    return enumerated(agrees=np.array(agrees), error=np.array(error), temperature_ratio=np.array(spread))


def _uniform(ensemble: Any) -> Any:
    names = ("blocks.0.attn.W_Q", "blocks.0.attn.b_Q")
    return ensemble.replace(**{n: np.zeros_like(ensemble.weights[n]) for n in names})


flat = on_networks("uniform attention", _uniform)
"""All scores equal: an average of values, which is additive."""
solved_xor = Control("networks that compute XOR", lambda subject: Trained(parity_cell(2, 2)))
other_seed = on_material("the additive model of the next seed", lambda run: (run, 1))


@claim(
    "skip/gap/from-the-weights",
    says="In every trained one-head network of the pair task the additive model read off the weights, without any "
    "data, decides alike on every input, and its logits are the network's times one positive number an input.",
    about=Trained(ONE_HEAD_DECAY),
    scope=EveryInput(),
    measure=conversion,
    statement="skip/needs-the-data",
    relation="qualifies",
    must_fail=[other_seed],
)
def conversion_is_exact(n):
    return n["agrees"] & (n["error"] < 1e-9)


@claim(
    "skip/one-head-argmax/temperature",
    says="That number, the temperature, does depend on the input: by more than a tenth between inputs, in most of "
    "these networks. So probabilities are not those of an additive model, though decisions are.",
    about=Trained(ONE_HEAD_DECAY),
    scope=Seeds(at_least=explored(236, 256), confidence=0.95),
    measure=conversion,
    statement="skip/one-head-argmax",
    relation="supports",
    must_fail=[flat],
)
def temperature_varies(n):
    return n["temperature_ratio"] > 1.1


def gap(run: Any) -> Measured:
    """The gap in logits of every network: explained share, and distance in nats."""
    fit = additive_fit(run.ensemble, domain_for(run.ensemble.architecture, run.recipe.task))
    return enumerated(r_squared=fit.r_squared, distance=fit.distance)


def gap_picture(run: Any, n: Any) -> list[Exhibit]:
    """Explained share and distance in logits of every network; the caption counts whose decisions are additive."""
    fit = gap(run).numbers
    additive, settled = n["additive"].lo == 1, n["additive"].lo == n["additive"].hi
    words = np.select([additive, settled], ["decisions additive", "decisions not additive"], "undecided")
    data = {
        "x": np.asarray(fit["r_squared"]).tolist(),
        "y": np.asarray(fit["distance"]).tolist(),
        "series": words.tolist(),
        "x_axis": "explained share of the logits' variance (R^2)",
        "y_axis": "distance to the best additive model (nats)",
    }
    name = run.recipe.task.name
    caption = (
        f"Networks of {run.recipe.id} on {name}, one point each, over the whole domain. {int(additive.sum())} of "
        f"{len(additive)} decide on every input like an additive model (by linear programming)."
    )
    return [Exhibit("gap", "scatter", f"How far from additive skip-trigrams: {name}", caption, data)]


@claim(
    "skip/gap/decisions",
    says="The decisions of two-head networks trained on the pair task are those of an additive skip-trigram model: the "
    "gap in decisions is 0, by exact separability.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=explored(256, 256), confidence=0.95),
    measure=separable,
    statement="skip/not-a-set-of-skip-trigrams",
    relation="qualifies",
    must_fail=[solved_xor],
    exhibit=gap_picture,
)
def gap_in_decisions(n):
    return n["additive"] == 1


@claim(
    "skip/gap/logits",
    says="Their logits are not: the best additive model, fitted to the whole population, leaves more than 5 % of the "
    "variance and is off by more than 1 nat.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=explored(256, 256), confidence=0.95),
    measure=gap,
    statement="skip/framework",
    relation="qualifies",
    must_fail=[flat],
)
def gap_in_logits(n):
    return (n["r_squared"] < 0.95) & (n["distance"] > 1)


@claim(
    "skip/gap/xor",
    says="Networks that compute XOR with two heads have a gap in decisions too: no additive model decides like them.",
    about=Trained(parity_cell(2, 2)),
    scope=Seeds(at_least=explored(254, 254), confidence=0.95, given=lambda n: n["least_margin"] > 0),
    measure=separable,
    statement="skip/not-a-set-of-skip-trigrams",
    relation="supports",
    must_fail=[Control("one head", lambda subject: Trained(parity_cell(2, 1)))],
    exhibit=gap_picture,
)
def xor_gap(n):
    return n["additive"] == 0
