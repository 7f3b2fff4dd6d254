"""The language of claims: subject, claim, scope, control, evidence, verdict. To write one: `readoff.claims.claim`."""

from readoff.claims.claim import Claim, Lemma, claim
from readoff.claims.control import (
    Control,
    corrupted_certificate,
    gauge_shifted,
    heads_from_different_seeds,
    on_material,
    on_networks,
    on_task,
    outputs_merged,
    permuted_labels,
    shuffled_weights,
    untrained,
    wrong_feature,
)
from readoff.claims.enclosure import Enclosure, within
from readoff.claims.evidence import Exhibit, Measured, certified, enumerated, sampled
from readoff.claims.known import Known
from readoff.claims.scope import EveryInput, EveryNetwork, Exists, Identity, Seeds
from readoff.claims.subject import Certified, Constructed, Given, OnTask, Process, Sweep, Trained, ensemble_of

__all__ = [
    "Certified",
    "Claim",
    "Constructed",
    "Control",
    "Enclosure",
    "EveryInput",
    "EveryNetwork",
    "Exhibit",
    "Exists",
    "Given",
    "Identity",
    "Known",
    "Lemma",
    "Measured",
    "OnTask",
    "Process",
    "Seeds",
    "Sweep",
    "Trained",
    "certified",
    "claim",
    "corrupted_certificate",
    "ensemble_of",
    "enumerated",
    "gauge_shifted",
    "heads_from_different_seeds",
    "on_material",
    "on_networks",
    "on_task",
    "outputs_merged",
    "permuted_labels",
    "sampled",
    "shuffled_weights",
    "untrained",
    "within",
    "wrong_feature",
]
