#!/usr/bin/env python3
"""
Build the agent's zipapp: `tools/build_agent.py OUT`. The same sources always give the same bytes.

Standard library only: it also runs while the image is built, before anything is installed.
"""

import sys
import zipfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "src"
SHEBANG = b"#!/usr/bin/env python3\n"
MAIN = b"import sys\n\nfrom aiconform.agent.__main__ import main\n\nsys.exit(main())\n"
DATE = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644
MAX_BYTES = 400 * 1024


def build(out: Path) -> int:
    """Write the zipapp to `out` and return its size in bytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        file.write(SHEBANG)
        # Stored, not compressed: it starts faster, and needs no zlib of a certain version.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            _add(archive, "__main__.py", MAIN)
            for path in sources():
                _add(archive, path.relative_to(SOURCES).as_posix(), path.read_bytes())
    out.chmod(0o755)
    return out.stat().st_size


def sources() -> "list[Path]":
    """The agent's modules and the package around them, nothing of other rooms."""
    package = SOURCES / "aiconform"
    return [package / "__init__.py", *sorted((package / "agent").rglob("*.py"))]


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, DATE)
    info.external_attr = MODE << 16
    info.create_system = 3  # Unix, wherever it is built
    archive.writestr(info, content)


def main(arguments: "list[str]") -> int:
    if len(arguments) != 1:
        print("usage: tools/build_agent.py OUT", file=sys.stderr)
        return 2
    size = build(Path(arguments[0]))
    if size > MAX_BYTES:
        print(f"the agent has {size} bytes, more than {MAX_BYTES}", file=sys.stderr)
        return 1
    print(f"{arguments[0]}: {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
