"""Architectures and weights; the forwards as pure functions; formats of other tools."""

from readoff.networks.architecture import Architecture as Architecture
from readoff.networks.architecture import EffectiveArchitecture as EffectiveArchitecture
from readoff.networks.architecture import architecture_for as architecture_for
from readoff.networks.architecture import effective_for as effective_for
from readoff.networks.network import Ensemble as Ensemble
from readoff.networks.network import Network as Network
from readoff.networks.network import stack as stack
