"""Small files of the kernel's, which may not be there, and how a refusal is called."""

import errno
from pathlib import Path

TEXT_LIMIT = 4000
WHOLE = 1_000_000  # for those that tell of everything there is


def read_text(path: "str | Path", *, limit: int = TEXT_LIMIT) -> "str | None":
    """The first bytes as text, without blanks at its ends; None: it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(limit).decode(errors="replace").strip()
    except OSError:
        return None


def name_of(exc: OSError) -> str:
    """As errno.h has it: ENOENT."""
    return errno.errorcode.get(exc.errno or 0, str(exc.errno))
