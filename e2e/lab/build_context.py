"""
What goes into an image build: the files of a folder that git knows and `.dockerignore` lets in.

The build sees a copy of just these files, so that their hash really names the result.
"""

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.lab.dockerfile import Recipe
from e2e.lab.errors import CommandError
from e2e.lab.shell import run


def files(context: Path) -> tuple[Path, ...]:
    """Paths relative to the context, sorted: tracked, or untracked and not ignored."""
    try:
        listed = run(
            "git", "-c", f"safe.directory={context}", "-c", "safe.directory=*", "ls-files",
            "--cached", "--others", "--exclude-standard", "-z", cwd=context,
        )  # fmt: skip
        names = sorted({name for name in listed.split("\0") if name})
    except CommandError:  # an unpacked source archive has no repository
        names = sorted(str(p.relative_to(context)) for p in context.rglob("*") if p.is_file())
    rules = _rules(context / ".dockerignore")
    return tuple(
        Path(name) for name in names if not ignored(name, rules) and (context / name).is_file()
    )


def ignored(name: str, rules: Sequence[str]) -> bool:
    """
    Does `.dockerignore` leave this file out?

    The last rule that matches the file, or a folder that it is in, decides; `!` lets in again.
    """
    parts = name.split("/")
    prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    verdict = False
    for rule in rules:
        pattern = _regex(rule.removeprefix("!").strip("/"))
        if any(pattern.fullmatch(prefix) for prefix in prefixes):
            verdict = not rule.startswith("!")
    return verdict


def digest(recipe: Recipe, context: Path, *, build_args: Mapping[str, str]) -> str:
    """Twelve hexadecimal digits that change when anything does that the image is made of."""
    settings = [recipe.text, *(f"{key}={value}" for key, value in sorted(build_args.items()))]
    found = hashlib.sha256("\0".join(settings).encode())
    for path in _copied(recipe, context):
        file = context / path
        executable = bool(file.stat().st_mode & 0o100)
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        found.update(f"\0{path}\0{executable}\0{content}".encode())
    return found.hexdigest()[:12]


def copy(recipe: Recipe, context: Path, target: Path) -> None:
    """Copy the files, with modes that do not depend on the umask of whoever checked them out."""
    for path in _copied(recipe, context):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(context / path, place)
        place.chmod(0o755 if (context / path).stat().st_mode & 0o100 else 0o644)


def _copied(recipe: Recipe, context: Path) -> tuple[Path, ...]:
    return tuple(path for path in files(context) if recipe.copies(str(path)))


def _rules(file: Path) -> list[str]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _regex(pattern: str) -> re.Pattern[str]:
    """`**/` is any number of folders, `*` anything within one name, `?` one character of it."""
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    words = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(pieces.get(word, re.escape(word)) for word in words))
