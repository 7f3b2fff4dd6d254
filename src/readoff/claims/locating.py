"""Where something went wrong: an exception as one line that names the author's file, never the library's."""

import traceback
from pathlib import Path

from readoff.claims.claim import Claim
from readoff.core.authors import is_authors
from readoff.core.errors import ReadoffError


def locate(error: BaseException, claim: Claim) -> str:
    """An exception in one line: type, message, and the last line of the author's files that took part.

    If none did, because the library complains of what it was given, the line where the claim's judge begins.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_authors(frame.filename)]
    code = getattr(claim.judge, "__code__", None)
    where = (frames[-1].filename, frames[-1].lineno, frames[-1].name) if frames else None
    if where is None and code is not None:
        where = (code.co_filename, code.co_firstlineno, code.co_name)
    place = f" ({Path(where[0]).name}:{where[1]} in {where[2]})" if where else ""
    message = " ".join(str(error).split()) or "no message"
    return f"{message}{place}" if isinstance(error, ReadoffError) else f"{type(error).__name__}: {message}{place}"
