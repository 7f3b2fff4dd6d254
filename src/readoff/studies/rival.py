"""What a good critic does by hand: look for the smallest network that does a task, or for a proof that there is none.

    found = search(Pairs())            # walks a frontier of small one-layer networks, smallest first
    found[2].verdict, found[2].place   # 'possible', one head, d_head 1, with a constant logit vector

At every place of the frontier (heads, d_head, whether a constant logit vector is available):

    impossible   a certificate: threshold degree above the number of heads, or rank 1 without constant logits
    possible     the best of an ensemble, polished, with every margin certified: a witness
    not found    neither, in so many tries; that proves nothing

For tasks read at one token the networks are effective ones (free score tables): with the same heads, d_head and
constant logits they compute exactly what one-layer transformers without positions compute. Places that contain one
where a witness was found, and those that an impossibility covers, are not searched.

In a claims file one question, "can 2 heads compute this truth table?", is one line:

    can = heads_claim("mine/majority-of-three", TruthTable.of(lambda a, b, c: a + b + c > 1, 3), n_heads=1)
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_effective, tables_from_weights
from readoff.certificates.network import certify_network
from readoff.certificates.rank1 import build_rank1_certificate, check_rank1_certificate
from readoff.certificates.threshold_degree import check_degree
from readoff.circuits.paths import context_counts
from readoff.circuits.threshold import heads_obstruction
from readoff.claims import Exists, Process, claim, on_material
from readoff.claims.claim import Claim
from readoff.claims.enclosure import Straddles
from readoff.claims.evidence import Measured, certified
from readoff.claims.subject import Complaint
from readoff.core.errors import BadValue, TooLarge
from readoff.networks.architecture import AnyArchitecture, Architecture, architecture_for, effective_for
from readoff.networks.network import Network
from readoff.networks.symmetry import domain_for
from readoff.store import Store
from readoff.studies.polish import polished
from readoff.tasks.base import Task
from readoff.training.recipe import Recipe

ANY = 10**6
"""d_head of a place that stands for all of them."""
MOST_LABELS = 16
MOST_SEQUENCES = 400
SEEDS, STEPS = 32, 3000
Verdict = Literal["possible", "impossible", "not found"]


@dataclass(frozen=True, order=True)
class Place:
    """One architecture of the frontier. `constant`: a constant logit vector is available (biases or a direct path)."""

    n_layers: int = 1
    n_heads: int = 1
    d_head: int = 1
    constant: bool = True

    def contains(self, other: "Place") -> bool:
        """Whether every network of `other` is one of these."""
        return (
            self.n_layers == other.n_layers
            and self.n_heads >= other.n_heads
            and self.d_head >= other.d_head
            and self.constant >= other.constant
        )

    def __str__(self) -> str:
        layers = "" if self.n_layers == 1 else f"{self.n_layers} layers, "
        heads = f"{self.n_heads} head{'s' * (self.n_heads > 1)}"
        if self.d_head == ANY:
            return f"{layers}{heads}, any d_head, with or without constant logits"
        return f"{layers}{heads}, d_head {self.d_head}, {'with' if self.constant else 'without'} constant logits"


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found at one place. `margin` encloses the witness's smallest margin; `reason` says it in words."""

    place: Place
    verdict: Verdict
    reason: str
    tries: int = 0
    accuracy: float | None = None
    margin: tuple[float, float] | None = None
    network: Network | None = None
    certificate: dict[str, Any] | None = None


def frontier(
    heads: Iterable[int] = (1, 2, 3), d_heads: Iterable[int] = (1, 2, 3), layers: Iterable[int] = (1,)
) -> tuple[Place, ...]:
    """Places from small to large: layers, then heads, then d_head, then without and with constant logits."""
    places = [Place(n, h, d, c) for n in layers for h in heads for d in d_heads for c in (False, True)]
    if not places or min(min(p.n_layers, p.n_heads, p.d_head) for p in places) < 1:
        raise BadValue("a frontier needs numbers of heads, d_head and layers >= 1.")
    return tuple(sorted(set(places)))


def search(
    task: Task,
    places: Sequence[Place] | None = None,
    seeds: int = SEEDS,
    steps: int = STEPS,
    store: Store | None = None,
    tell: Callable[[Finding], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """Walk the frontier. Networks have exploration seeds. BadValue: a task without one right output for each input."""
    domain = task.domain()
    if domain.targets is not None or (domain.labels < 0).any():
        raise BadValue(f"{task.name} has distributions as targets; a rival needs one right output for every input.")
    found: list[Finding] = []
    for place in places or frontier():
        covered = [f for f in found if f.verdict == "possible" and place.contains(f.place)]
        ruled_out = [f for f in found if f.verdict == "impossible" and f.place.contains(place)]
        if covered or ruled_out:
            continue
        one = _impossible(task, place) or _train(task, place, seeds, steps, store, progress)
        found.append(one)
        if tell is not None:
            tell(one)
    return found


def architecture_at(task: Task, place: Place) -> AnyArchitecture:
    """The architecture that is trained at a place: effective where the task is read at one token in one layer."""
    ends = np.unique(task.domain().tokens[:, -1])
    if place.n_layers == 1 and len(ends) == 1:
        return effective_for(task, n_heads=place.n_heads, d_head=place.d_head, biases=place.constant)
    return architecture_for(
        task,
        n_layers=place.n_layers,
        n_heads=place.n_heads,
        d_head=place.d_head,
        d_model=max(16, task.d_vocab),
        biases=place.constant,
        direct_path=place.constant,
    )


def certified_margin(network: Network, task: Task) -> tuple[float, float] | None:
    """(lo, hi) of the smallest margin on every input, by balls; None where the domain is too large for that."""
    a, w = network.architecture, network.weights
    domain = domain_for(a, task)
    if not isinstance(a, Architecture):
        counts = context_counts(a, domain.tokens)
        tables = tables_from_effective(w["scores"], w["V"], w["O"], w.get("b"))
        return certify_margins(tables, counts, domain.labels).smallest_margin
    if a.one_attention_layer and not a.positions:
        bounds = []
        for end in np.unique(domain.tokens[:, -1]).tolist():
            rows = domain.tokens[:, -1] == end
            tables = tables_from_weights(w, d_head_scale=a.d_head, direct_path=a.direct_path, read_token=end)
            counts = context_counts(a, domain.tokens[rows])
            bounds.append(certify_margins(tables, counts, domain.labels[rows]).smallest_margin)
        return min(lo for lo, _ in bounds), min(hi for _, hi in bounds)
    if len(domain) > MOST_SEQUENCES:
        return None
    found = certify_network(
        w, domain.tokens, domain.labels, d_head_scale=a.d_head, direct_path=a.direct_path, causal=a.causal,
        act_fn=a.act_fn,
    )  # fmt: skip
    return found.smallest_margin


def _impossible(task: Task, place: Place) -> Finding | None:
    """A certificate that covers the place, if one of the known kinds exists."""
    if place.n_layers != 1:
        return None
    n_labels = len(np.unique(task.domain().labels))
    try:
        few = n_labels <= MOST_LABELS
        obstruction = heads_obstruction(task.domain(orbits=True), task.d_vocab, place.n_heads) if few else None
    except TooLarge:
        obstruction = None
    if obstruction is not None and not check_degree(obstruction):
        labels = " and ".join(repr(task.output_labels[y]) for y in obstruction["pair"])
        reason = (
            f"no polynomial of degree {place.n_heads} in the token counts parts {labels}, so not even "
            f"{place.n_heads} head{'s' * (place.n_heads > 1)} of any d_head can, without positions (certificate, "
            "checked in whole numbers)"
        )
        covers = replace(place, d_head=ANY, constant=True)
        return Finding(covers, "impossible", reason, certificate=obstruction)
    one_read = len(np.unique(task.domain().tokens[:, -1])) == 1
    if (place.n_heads, place.d_head, place.constant) == (1, 1, False) and n_labels > 2 and one_read:
        certificate = build_rank1_certificate()
        if not check_rank1_certificate(certificate):
            reason = "rank 1 and no constant logits: at most two outputs can ever win (certificate rank1)"
            return Finding(place, "impossible", reason, certificate=certificate)
    return None


def _train(
    task: Task, place: Place, seeds: int, steps: int, store: Store | None, progress: Callable[[int, int], None] | None
) -> Finding:
    from readoff.claims.scope import exploration_seeds
    from readoff.core.configure import configure
    from readoff.training.train import train

    configure()
    architecture = architecture_at(task, place)
    init = "transformer_lens" if isinstance(architecture, Architecture) else "fan_in"
    recipe = Recipe(task, architecture, steps=steps, init=init, loss_dtype="float64", stop_margin=1.0)
    run = train(recipe, exploration_seeds(seeds), store, progress)
    margins = np.where(run.ensemble.alive, run.trace["margin"][:, -1], -np.inf)
    best = np.argsort(-margins, kind="stable")
    accuracy = float(run.trace["accuracy"][:, -1].max())
    for rank, index in enumerate(best[:3].tolist()):
        network = run.ensemble[index]
        if not margins[index] > 0:
            network = polished(network, task)
        bounds = certified_margin(network, task) if network is not None else None
        if network is not None and bounds is not None and bounds[0] > 0:
            how = "" if margins[index] > 0 else ", polished"
            reason = f"seed {int(run.ensemble.seeds[index])} of {recipe.id}{how}: every margin is positive, certified"
            return Finding(place, "possible", reason, seeds, 1.0, bounds, network)
        if rank == 0 and bounds is None and margins[index] > 0:
            reason = f"right on every input in floating point; over {MOST_SEQUENCES} sequences are not certified"
            return Finding(place, "possible", reason, seeds, 1.0, None, network)
    reason = f"not found in {seeds} tries of {steps} steps; best accuracy {accuracy:.3f}. This proves nothing."
    return Finding(place, "not found", reason, seeds, accuracy)


@dataclass(frozen=True, eq=False)
class Answer:
    """What the search says about "can n_heads heads do this task?": findings, smallest place first."""

    task: Task
    n_heads: int
    findings: tuple[Finding, ...]

    @property
    def decisive(self) -> Finding | None:
        """The witness or the certificate, if there is one."""
        return next((f for f in self.findings if f.verdict != "not found"), None)


@lru_cache(maxsize=64)
def can_compute(
    task: Task, n_heads: int, d_heads: tuple[int, ...] = (1, 2), seeds: int = SEEDS, steps: int = STEPS
) -> Answer:
    """Whether one layer with `n_heads` heads and constant logits can do the task: witness, certificate, or neither."""
    findings: list[Finding] = []
    for d_head in d_heads:
        findings += search(task, [Place(1, n_heads, d_head, True)], seeds, steps)
        if findings[-1].verdict != "not found":
            break
    return Answer(task, n_heads, tuple(findings))


def answer_numbers(answer: Answer) -> Measured:
    """Certified: the witness's smallest margin, whether an impossibility certificate is good, how many tries."""
    decisive = answer.decisive
    margin = None if decisive is None or decisive.network is None else certified_margin(decisive.network, answer.task)
    certificate = decisive.certificate if decisive is not None else None
    return certified(
        least_margin=margin or (-np.inf, np.inf),
        witness=float(margin is not None),
        impossible=float(certificate is not None and not check_degree(certificate)),
        tries=sum(f.tries for f in answer.findings),
        d_heads=len(answer.findings),
    )


def _outputs_renamed(answer: Answer) -> Answer:
    findings = []
    for f in answer.findings:
        network = f.network
        if network is not None:
            ends = ("O", "b", "unembed.W_U", "unembed.b_U")
            weights = {k: np.roll(v, 1, axis=-1) if k in ends else v for k, v in network.weights.items()}
            network = Network(network.architecture, weights)
        findings.append(replace(f, network=network))
    return replace(answer, findings=tuple(findings))


outputs_renamed = on_material("the witness with its outputs renamed", _outputs_renamed)


def heads_claim(id: str, task: Task, n_heads: int, says: str = "", seeds: int = SEEDS, steps: int = STEPS) -> Claim:
    """The claim "n_heads heads in one layer can do this task": HOLDS by a witness, FAILS by a certificate, or UNDECIDED
    with what was searched."""
    words = says or f"One attention layer with {n_heads} head{'s' * (n_heads > 1)} can do {task.name}."
    ask = partial(can_compute, task, n_heads, seeds=seeds, steps=steps)

    @claim(
        id,
        says=words,
        about=Process(ask, f"{task.name} with {n_heads} heads"),
        scope=Exists(),
        measure=answer_numbers,
        headline="least_margin",
        must_fail=[outputs_renamed],
    )
    def can(n):
        if n["impossible"] == 1:
            raise Complaint(
                f"impossible: a certificate, checked in whole numbers, shows that no polynomial of degree {n_heads} in "
                "the token counts has the right sign everywhere, so fewer heads than the threshold degree never do"
            )
        if n["witness"] == 0:
            raise Straddles(
                f"neither a witness nor a certificate: searched {n_heads} head(s), {int(n['d_heads'])} value(s) of "
                f"d_head, with constant logits, {int(n['tries'])} networks in all; threshold degree rules nothing out"
            )
        return n["least_margin"] > 0

    return can
