"""
Renew requirements/*.txt from pyproject.toml: every package pinned, every file with its hashes.

Needs `uv` in the environment (`.venv/bin/pip install uv`): it resolves for all platforms at once.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMON = (
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-strip-extras",  # pip with hashes wants each extra pinned by name
    "--no-header",
    "--quiet",
    "--python-version",
    "3.11",
)
FILES = {
    "image.txt": ("pyproject.toml",),
    "engine.txt": ("--group", "engine"),
    "docs.txt": ("requirements/docs.in",),
    "dev.txt": ("pyproject.toml", "--extra", "cli", "--group", "dev"),
}


def main() -> int:
    for name, sources in FILES.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", *COMMON]
        done = subprocess.run([*command, *sources, "-o", f"requirements/{name}"], cwd=ROOT)
        if done.returncode:
            print("Could not lock. Needs uv: `.venv/bin/pip install uv`", file=sys.stderr)
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
