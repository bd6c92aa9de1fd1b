"""What each version of the conformance checklist asks for, and how its tests are called."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from aiconform.catalogue.loading import load
from aiconform.model.base import Frozen, Sentence, Text
from aiconform.model.requirement import Level, RequirementId

# A Kubernetes minor version as the checklists have it, without its v: 1.37.
MinorVersion = Annotated[str, Field(pattern=r"^1\.[0-9]{2,3}$")]


class RequirementSource(Frozen):
    """Where a fact comes from, and when it was read."""

    where: Sentence
    date: Text


class RequirementTest(Frozen):
    """
    How go test calls it. `validated`: the official validator looks for it by this name.

    `origin` upstream: the upstream suite has it; proposed: it is under review there; ours: neither.
    """

    name: Annotated[str, Field(pattern=r"^Test[A-Z][A-Za-z0-9]*$", max_length=100)]
    origin: Literal["upstream", "proposed", "ours"]
    validated: bool = False


class Requirement(Frozen):
    """One requirement. `skip` is what makes it not apply; None: it always does."""

    id: RequirementId
    title: Text
    category: Text  # the checklist's section
    shows: Sentence
    levels: Mapping[MinorVersion, Level]
    skip: Sentence | None = None
    na_on_must: bool = False
    test: RequirementTest
    notes: Sentence = ""

    def level(self, version: str) -> Level | None:
        """None: that version does not have it. Newer versions than we know are as the newest."""
        return self.levels.get(known_version(version))

    def test_name(self, *, upstream: bool = True) -> str:
        """With `upstream` False, a name that no one takes for the upstream suite's."""
        if upstream or self.test.origin == "ours":
            return self.test.name
        return f"TestAiconform{self.test.name.removeprefix('Test')}"


class _File(Frozen):
    source: Mapping[str, RequirementSource]
    requirements: tuple[Requirement, ...]


@cache
def requirements() -> Mapping[str, Requirement]:
    """All requirements by id, in the checklists' order."""
    rows = load("requirements.yaml", TypeAdapter(_File)).requirements
    return {row.id: row for row in rows}


@cache
def versions() -> tuple[str, ...]:
    """The versions that we know, oldest first."""
    known = {version for row in requirements().values() for version in row.levels}
    return tuple(sorted(known, key=minor))


def known_version(version: str) -> str:
    """A version newer than we know is taken for the newest that we do."""
    newest = versions()[-1]
    return newest if minor(version) > minor(newest) else version


def minor(version: str) -> int:
    """37 of 1.37."""
    return int(version.partition(".")[2])
