"""
The part of a Dockerfile that one target needs, and the files that this part copies.

An image whose own files did not change keeps its tag, whatever else changed in the checkout; and
buildah, which builds every stage before the target, is not given those that lead nowhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
COPY = re.compile(r"(?:COPY|ADD)\s+((?:--\S+\s+)*)(.+)", re.IGNORECASE)
WHOLE_CONTEXT = "."


@dataclass(frozen=True)
class Stage:
    """One `FROM` and what follows it; a stage without a name goes by its number."""

    name: str
    instructions: tuple[str, ...]

    @property
    def uses(self) -> frozenset[str]:
        """Stages or images that this one begins with or copies from."""
        first = FROM.match(self.instructions[0])
        copied = re.findall(r"--from=(\S+)", "\n".join(self.instructions))
        return frozenset([*copied, *([first.group(1)] if first else [])])

    @property
    def sources(self) -> frozenset[str]:
        """Paths of the context that it copies."""
        found: set[str] = set()
        for instruction in self.instructions:
            match = COPY.fullmatch(instruction)
            if match and "--from=" not in match.group(1):
                found.update(_sources(match.group(2)))
        return frozenset(found)


@dataclass(frozen=True)
class Recipe:
    """What is left of a Dockerfile for one target."""

    text: str
    sources: frozenset[str]

    def copies(self, path: str) -> bool:
        """Does some stage copy this file of the context?"""
        return any(
            source in {path, WHOLE_CONTEXT} or path.startswith(f"{source}/")
            for source in self.sources
        )


def recipe(text: str, *, target: str) -> Recipe:
    """
    Leave out the stages that the target does not need.

    Args:
        text: The Dockerfile.
        target: A stage's name; empty for the last one.

    Raises:
        ValueError: There is no such stage.
    """
    head, stages = _stages(_instructions(text))
    wanted = target or stages[-1].name
    by_name = {stage.name: stage for stage in stages}
    if wanted not in by_name:
        raise ValueError(f"no stage {wanted!r}; there are {', '.join(by_name)}")
    needed: set[str] = set()
    pending = [wanted]
    while pending:
        name = pending.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            pending.extend(by_name[name].uses)
    kept = [stage for stage in stages if stage.name in needed]
    lines = [*head, *(line for stage in kept for line in stage.instructions)]
    sources = frozenset(source for stage in kept for source in stage.sources)
    return Recipe(text="\n".join(lines) + "\n", sources=sources)


def _sources(arguments: str) -> list[str]:
    """All but the last word; lists in JSON and patterns count as "anything"."""
    if arguments.startswith("[") or set("*?[") & set(arguments):
        return [WHOLE_CONTEXT]
    return [word.removeprefix("./").strip("/") or WHOLE_CONTEXT for word in arguments.split()[:-1]]


def _instructions(text: str) -> list[str]:
    """One line for each instruction: continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _stages(instructions: Sequence[str]) -> tuple[list[str], list[Stage]]:
    begins = [n for n, line in enumerate(instructions) if FROM.match(line)]
    if not begins:
        raise ValueError("the Dockerfile has no FROM")
    stages = []
    for count, (begin, end) in enumerate(
        zip(begins, [*begins[1:], len(instructions)], strict=True)
    ):
        match = FROM.match(instructions[begin])
        name = (match.group(2) if match else None) or str(count)
        stages.append(Stage(name=name, instructions=tuple(instructions[begin:end])))
    return list(instructions[: begins[0]]), stages
