"""Whole files (see `core.files`) with their sha256, and what goes wrong with disks as sentences.

>>> write_whole(Path("chunk.safetensors"), b"...")         # doctest: +SKIP
'ab5df625bc76dbd4e163bed2dd888df828f90159bb93556525c31821b6541d46'

The answer is the sha256 of the bytes, which is what goes into the ledger.
"""

import contextlib
import errno
import hashlib
import os
from pathlib import Path

from readoff.core.errors import ReadoffError
from readoff.core.files import replace_file


class StoreError(ReadoffError):
    """The store cannot be read or written: newer version, read-only, disk full, locked, not a ledger."""


def write_whole(path: Path, data: bytes) -> str:
    """Write `data` to `path` atomically and durably; returns the sha256 in hex. Safe in worker processes."""
    try:
        replace_file(path, data)
    except OSError as error:
        raise disk_error(error, path) from error
    return hashlib.sha256(data).hexdigest()


def sha256_of(path: Path) -> str | None:
    """sha256 of a file in hex; None if it cannot be read."""
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return None


def sweep_aside(folder: Path) -> None:
    """Delete what killed writers left behind. Files of a process that still runs are left alone."""
    for path in folder.glob(".*.tmp"):
        pid = path.name.split(".")[-2]
        if pid.isdigit() and not _runs(int(pid)):
            with contextlib.suppress(OSError):
                path.unlink()


def disk_error(error: OSError, path: Path) -> StoreError:
    """An operating-system error as a sentence that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(f"the disk is full: {path} could not be written. Free some space, or use --store DIR.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreError(f"{path} cannot be written (read-only). Use --store DIR with a folder you may write to.")
    return StoreError(f"{path} could not be used: {error.strerror or error}.")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
