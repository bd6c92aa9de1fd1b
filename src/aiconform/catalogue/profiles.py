"""What kinds of workload need of a cluster, as data; vendors and sites write files of their own."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from aiconform.catalogue.loading import CatalogueError, load, parse
from aiconform.catalogue.requirements import requirements
from aiconform.catalogue.vendors import Source
from aiconform.model.base import Frozen, Sentence, Text
from aiconform.model.errors import ConfigError
from aiconform.model.requirement import RequirementId

MAX_PROFILES_CHARACTERS = 256 * 1024
# What a run measures by itself, by the items of its verdicts.
Measured = Literal[
    "tcp.path", "tcp.rate", "tcp.latency", "gemm.known_answer", "gemm.rate",
    "memory.pattern", "memory.copy", "memory.triad",
]  # fmt: skip


class Need(Frozen):
    """One thing that has to be there. `helps`: the workload runs without it, and worse."""

    check: RequirementId | None = None
    measured: Measured | None = None
    why: Sentence
    helps: bool = False

    @property
    def name(self) -> str:
        return str(self.check or self.measured)

    @model_validator(mode="after")
    def _is_one_and_known(self) -> "Need":
        if (self.check is None) == (self.measured is None):
            raise ValueError("a need has either check or measured")
        if self.check is not None and self.check not in requirements():
            raise ValueError(f"there is no check {self.check}")
        return self


class Profile(Frozen):
    """A kind of workload, or one product."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=64)]
    title: Text
    about: Sentence = ""
    needs: Annotated[tuple[Need, ...], Field(min_length=1, max_length=100)]
    source: Source | None = None

    @model_validator(mode="after")
    def _asks_for_something_once(self) -> "Profile":
        names = [need.name for need in self.needs]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"asks twice for {', '.join(twice)}")
        if all(need.helps for need in self.needs):
            raise ValueError("needs nothing: every need only helps, and any cluster would do")
        return self


class _File(Frozen):
    profiles: Annotated[tuple[Profile, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _differ(self) -> "_File":
        ids = [profile.id for profile in self.profiles]
        if len(set(ids)) != len(ids):
            raise ValueError("two profiles have one id")
        return self


_SHAPE = TypeAdapter(_File)


@cache
def profiles() -> Mapping[str, Profile]:
    """Those that come with this release, by id."""
    return {profile.id: profile for profile in load("profiles.yaml", _SHAPE).profiles}


def parse_profiles(text: str, *, name: str) -> tuple[Profile, ...]:
    """
    The profiles that a site or a vendor wrote.

    Args:
        name: Of their file, for errors.

    Raises:
        ConfigError: They are too many, or ask for what there is not; the place is named.
    """
    if len(text) > MAX_PROFILES_CHARACTERS:
        raise ConfigError(f"{name} has more than {MAX_PROFILES_CHARACTERS} characters")
    try:
        return parse(text, _SHAPE, name=name).profiles
    except (CatalogueError, RecursionError) as exc:
        hint = "A profile has id, title and needs; see docs/how-to-ask-for-a-workload.md"
        raise ConfigError(
            f"the profiles in {name} cannot be used: {exc}"[:2000], hint=hint
        ) from exc
