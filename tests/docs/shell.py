"""The shell commands that the docs show, word by word, and the places they stand at."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "charts" / "aiconform" / "README.md",
    ROOT / "e2e" / "lab" / "README.md",
    ROOT / "requirements" / "README.md",
)
SHELLS = frozenset({"console", "sh", "bash", "shell"})
_FENCE = re.compile(r"^\s*(?:[-*]\s+)?```\s*(\w*)")
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SEPARATORS = frozenset({"&&", "||", ";", "|", "&"})
_ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")


@dataclass(frozen=True)
class Command:
    """One simple command: no pipe, no redirection, no comment, no variables before it."""

    page: Path
    line: int
    words: tuple[str, ...]

    @property
    def program(self) -> str:
        """`aiconform` however it is called."""
        if self.words[:2] == ("kubectl", "aiconform"):
            return "aiconform"
        return "aiconform" if self.words[0] == ".venv/bin/aiconform" else self.words[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        return self.words[2 if self.words[:2] == ("kubectl", "aiconform") else 1 :]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {shlex.join(self.words)}"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the line that it begins at, its text."""

    page: Path
    line: int
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """
    Raises:
        ValueError: A block is not closed.
    """
    start, language, held = 0, "", list[str]()
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and start:
            yield Block(page, start + 1, language, "\n".join(held) + "\n")
            start, held = 0, []
        elif fence:
            start, language = number, fence.group(1)
        elif start:
            held.append(line)
    if start:
        raise ValueError(f"{page}: the block at line {start} is not closed")


def prose(page: Path) -> str:
    """The page without its blocks, line by line in the same places."""
    lines = page.read_text().splitlines()
    for block in blocks(page):
        for number in range(block.line - 2, block.line + block.text.count("\n")):
            lines[number] = ""
    return "\n".join(lines)


def commands(page: Path) -> list[Command]:
    """Of the page's shell blocks, in their order."""
    found = [block for block in blocks(page) if block.language in SHELLS]
    return [command for block in found for command in _of_block(block)]


def mentioned(page: Path) -> list[Command]:
    """Commands of ours in running text; an ellipsis or a pipe of alternatives makes it none."""
    found = list[Command]()
    for number, line in enumerate(prose(page).splitlines(), start=1):
        for text in _INLINE.findall(line):
            ours = text.split(" ")[0] in {"aiconform", "make", "kubectl-aiconform"}
            if ours and " " in text and not re.search(r"[…|<]", text):
                found += simple(text, page=page, line=number)
    return found


def simple(text: str, *, page: Path, line: int) -> Iterator[Command]:
    """The simple commands of one line of shell."""
    lexer = shlex.shlex(text.removeprefix("$ "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    held = list[str]()
    for word in [*lexer, ";"]:
        if word not in _SEPARATORS:
            held.append(word)
            continue
        words = _without_redirections(held)
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if words:
            yield Command(page, line, tuple(words))
        held = []


def _of_block(block: Block) -> Iterator[Command]:
    held, begins = "", block.line
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        begins = begins if held else number
        held += line
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        yield from simple(held, page=block.page, line=begins)
        held = ""


def _without_redirections(words: list[str]) -> list[str]:
    for place, word in enumerate(words):
        if word in {">", ">>", "<", "2>", ">&", "&>"}:
            return words[:place]
    return words
