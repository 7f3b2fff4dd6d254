"""In a claims file one question, "can 2 heads compute this truth table?", is one line.

    can = heads_claim("mine/majority-of-three", TruthTable.of(lambda a, b, c: a + b + c > 1, 3), n_heads=1)

The class that is asked about: one attention layer with so many heads, any d_head; biases and a direct path; without
positional embeddings, and with them where the function depends on the order of its tokens; no MLP, no normalisation.
The verdict is HOLDS with a certified witness, FAILS with a certificate that covers the whole class (then it is PROVED,
and names the lemma that it assumes), or UNDECIDED with the frontier that was searched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from readoff.certificates.heads import HEADS_LEMMA, check_heads
from readoff.claims import Exists, Lemma, Measured, Process, certified, claim, on_material
from readoff.claims.claim import Claim
from readoff.claims.enclosure import Straddles
from readoff.claims.subject import Impossible
from readoff.core.errors import BadValue
from readoff.networks.network import Network
from readoff.studies.certify import certified_margin
from readoff.studies.places import ANY, Place, order_matters
from readoff.studies.rival import SEEDS, STEPS, Finding, degree_words, search
from readoff.tasks.base import Task

HEADS = Lemma(HEADS_LEMMA["name"], HEADS_LEMMA["text"], HEADS_LEMMA["source"])
D_HEADS = (1, 2)


@dataclass(frozen=True)
class Question:
    """Can one layer with `n_heads` heads do the task? Calling it searches, once per process."""

    task: Task
    n_heads: int
    seeds: int = SEEDS
    steps: int = STEPS

    def __post_init__(self) -> None:
        if not 1 <= self.n_heads <= 1000:
            raise BadValue(f"n_heads {self.n_heads}: ask about 1 to 1000 heads.")

    def __call__(self) -> "Answer":
        return _answer(self)

    @property
    def asked(self) -> Place:
        """The largest class that the question is about."""
        return Place(1, self.n_heads, ANY, order_matters(self.task), True)


@dataclass(frozen=True, eq=False)
class Answer:
    """What the search says about a question: findings, smallest place first."""

    question: Question
    findings: tuple[Finding, ...]

    @property
    def found(self) -> Finding | None:
        """The certified witness, if there is one."""
        return next((f for f in self.findings if f.verdict == "possible"), None)

    @property
    def witness(self) -> Network | None:
        """Its network; what a store keeps."""
        return self.found.network if self.found else None

    @property
    def provenance(self) -> str | None:
        return self.witness.provenance if self.witness else None

    @property
    def proof(self) -> Finding | None:
        """The impossibility that covers all of the class asked about, if there is one."""
        sized = replace(self.question.asked, d_head=ANY)
        return next((f for f in self.findings if f.verdict == "impossible" and f.place.contains(sized)), None)

    @property
    def in_words(self) -> str:
        """The witness's class and where it comes from; without a witness, what was searched and what came of it."""
        if self.found is not None:
            where = f"one attention layer, {self.found.place} (biases and a direct path), no MLP, no normalisation"
            return f"a witness: {where}; {self.found.reason}"
        return "; ".join(f"{f.place}: {f.verdict} ({f.reason})" for f in self.findings)


@lru_cache(maxsize=64)
def _answer(question: Question) -> Answer:
    findings: list[Finding] = []
    for positions in (False, True)[: 1 + question.asked.positions]:
        places = [Place(1, question.n_heads, d_head, positions, True) for d_head in D_HEADS]
        findings += search(question.task, places, question.seeds, question.steps)
        if any(f.verdict == "possible" for f in findings):
            break
    return Answer(question, tuple(findings))


def answer_numbers(answer: Answer) -> Measured:
    """Certified: the witness's smallest margin, whether an impossibility is good, how many tries."""
    margin = certified_margin(answer.witness, answer.question.task) if answer.witness is not None else None
    proved = answer.proof is not None and not check_proof(answer.proof.certificate, answer.question)
    return certified(
        least_margin=margin or (-np.inf, np.inf),
        witness=margin is not None,
        impossible=proved,
        tries=sum(f.tries for f in answer.findings),
    )


def check_proof(document: Mapping[str, Any] | None, question: Question) -> list[str]:
    """Reasons why a document does not rule out the class that is asked about; empty if it does."""
    if document is None or document["assumes"] != [HEADS_LEMMA]:
        return ["the document does not rest on the lemma about heads."]
    task, asked = question.task, question.asked
    domain = task.domain()
    certificate = document["certificate"]
    positions = certificate["positions"]
    if asked.positions and not positions:
        return ["the certificate is about networks without positions; the question is about both."]
    return check_heads(certificate, question.n_heads, positions, domain.tokens.tolist(), domain.labels.tolist())


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
    """The claim "n_heads heads in one layer can do this task", see the module docstring. BadValue: no such number."""
    question = Question(task, n_heads, seeds, steps)

    @claim(
        id,
        says=says or f"{task.name} can be done by {_class_words(question)}.",
        about=Process(question, f"{task.name} with {n_heads} heads"),
        scope=Exists(),
        measure=answer_numbers,
        headline="least_margin",
        must_fail=[outputs_renamed],
    )
    def can(n):
        answer = question()
        if n["impossible"] == 1 and answer.proof is not None and answer.proof.certificate is not None:
            reason = f"impossible for {answer.proof.place.words}: {answer.proof.reason}"
            raise Impossible(reason, answer.proof.certificate, [HEADS])
        if n["witness"] == 0:
            raise Straddles(_searched(answer))
        return n["least_margin"] > 0

    return can


def _class_words(question: Question) -> str:
    heads = f"{question.n_heads} head{'s' * (question.n_heads > 1)}"
    return f"one attention layer with {heads} (any d_head; biases, direct path and positions allowed; no MLP)"


def _searched(answer: Answer) -> str:
    q = answer.question
    tried = [f for f in answer.findings if f.tries]
    best = max((f.accuracy or 0.0 for f in tried), default=0.0)
    ruled = "".join(f" {f.place}: impossible, {f.reason}." for f in answer.findings if f.verdict == "impossible")
    open_ = "".join(f" {f.place}: {f.reason}." for f in answer.findings if f.verdict == "found, not certified")
    where = "; ".join(str(f.place) for f in tried) or "nowhere"
    return (
        f"neither a witness nor a certificate for {q.asked.words}. Searched: {where}; {sum(f.tries for f in tried)} "
        f"networks of {q.steps} steps, best accuracy {best:.3f}.{ruled}{open_} Of the class as a whole: "
        f"{degree_words(q.task, q.asked)}."
    )
