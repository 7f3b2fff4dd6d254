"""Networks as safetensors files: weights by their names, everything else as canonical JSON in the header.

    save(network, "pairs.safetensors")
    load("pairs.safetensors")            # a Network or an Ensemble, bit for bit the same weights

The header says what the weights are (architecture, provenance, origin, seeds) and their content hash, which is checked
on reading: a file that is cut short or altered is `Damaged`, named, and never used. Nothing is pickled, and only kinds
of architecture known to this version can be built from a file.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from readoff.core.canonical import SCHEMA, canonical_json, weights_hash
from readoff.core.errors import BadValue, Damaged, ReadoffError, UnknownName
from readoff.core.files import replace_file
from readoff.core.parse import parse
from readoff.networks.architecture import Architecture, EffectiveArchitecture
from readoff.networks.network import Ensemble, Network

HEADER = "readoff"
ARCHITECTURES: dict[str, type] = {"Architecture": Architecture, "EffectiveArchitecture": EffectiveArchitecture}


class NewerFile(ReadoffError):
    """A file of another version's schema."""


class NotOurs(ReadoffError):
    """A readable safetensors file without readoff's header: another tool's."""


def save(model: Network | Ensemble, path: str | Path) -> str:
    """Write one file, atomically; returns the weights' hash. ReadoffError if the disk refuses."""
    about: dict[str, Any] = {
        "architecture": model.architecture,
        "provenance": model.provenance,
        "origin": model.origin,
        "weights": model.hash,
    }
    if isinstance(model, Ensemble):
        about |= {"seeds": model.seeds.tolist(), "alive": model.alive.tolist()}
    write_tensors(path, model.weights, {HEADER: canonical_json(about)})
    return model.hash


def load(path: str | Path) -> Network | Ensemble:
    """Read a file that `save` wrote.

    Damaged: not readable, or not what its header says. NotOurs: no such header. NewerFile: another schema.
    """
    weights, metadata = read_tensors(path)
    if HEADER not in metadata:
        raise NotOurs(f"{path} holds weights without readoff's header; import them with `readoff import {path}`.")
    try:
        about = json.loads(metadata[HEADER])
        if about["schema"] != SCHEMA:
            raise NewerFile(
                f"{path} has schema {about['schema']!r}; this version reads schema {SCHEMA}. Update readoff."
            )
        architecture = parse(about["architecture"], ARCHITECTURES, "architecture")
        if weights_hash(weights) != about["weights"]:
            raise BadValue("the weights are not those that were saved (their hash differs)")
        common = (about["provenance"], about["origin"])
        if "seeds" not in about:
            return Network(architecture, weights, *common)
        seeds, alive = np.array(about["seeds"], np.int64), np.array(about["alive"], bool)
        return Ensemble(architecture, weights, seeds, *common, alive)
    except (KeyError, TypeError, ValueError, RecursionError, BadValue, UnknownName) as error:
        raise Damaged(f"{path} cannot be used: {error}. Delete it, or fetch it again.") from None


PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How a PyTorch file (a zip, or an older one) and a pickle begin."""


def write_tensors(path: str | Path, tensors: Any, metadata: dict[str, str]) -> None:
    """A safetensors file of numpy arrays, written whole or not at all."""
    data = to_bytes({name: np.ascontiguousarray(array) for name, array in tensors.items()}, metadata)
    try:
        replace_file(Path(path), data)
    except OSError as error:
        raise ReadoffError(f"{path} could not be written: {error.strerror or error}. Give another folder.") from error


def read_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """(arrays, metadata) of a safetensors file; other formats and damaged files are refused by name."""
    path = Path(path)
    try:
        with open(path, "rb") as handle:
            start = handle.read(9)
    except OSError as error:
        raise BadValue(f"{path} cannot be read: {error.strerror or error}.") from None
    if start[:2] in PICKLES and start[8:] != b"{":  # eight bytes of length, then "{": that is safetensors
        raise BadValue(
            f"{path} looks like a PyTorch or pickle file; these can run code when opened and are never read. Write "
            "safetensors.torch.save_file(model.state_dict(), 'model.safetensors') in Python, then give that file."
        )
    try:
        with safe_open(path, framework="np") as file:
            tensors = {name: np.array(file.get_tensor(name)) for name in file.keys()}
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, ValueError, TypeError, AttributeError, OSError) as error:
        raise Damaged(f"{path} is not a readable safetensors file ({error}).") from None
