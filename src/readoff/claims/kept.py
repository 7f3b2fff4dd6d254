"""What a search finds is kept: a witness as weights, an impossibility as its certificate, by the hash of its content.

    keep(store.path / "found", "mine-and", network)      .../found/mine-and-2f0c...safetensors

Two findings never overwrite each other, whatever they are called: the name ends in a hash of what is in the file.
"""

import json
from pathlib import Path
from typing import Any

from readoff.core.canonical import content_id
from readoff.networks.files import save
from readoff.networks.network import Network
from readoff.store.files import write_whole


def keep(folder: Path, stem: str, found: Any) -> Path:
    """Write a Network or a certificate (plain data) into the folder; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(found, Network):
        path = folder / f"{stem}-{found.hash[:10]}.safetensors"
        save(found, path)
        return path
    path = folder / f"{stem}-impossible-{content_id(found, 10)}.json"
    write_whole(path, json.dumps(found, sort_keys=True).encode())
    return path
