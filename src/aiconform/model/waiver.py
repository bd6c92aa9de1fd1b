"""
What a site accepts for a while: a known fault, with who answers for it and until when.

A waiver says nothing about the facts: what it covers keeps its verdict, and is shown with it.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from aiconform.model.base import Frozen, Sentence, Text
from aiconform.model.errors import ConfigError

MOST_NESTED = 10  # before a parser takes the square of the brackets
MAX_WAIVERS_CHARACTERS = 256 * 1024
_HINT = "Each entry has id, scope, reason, owner and expiry (YYYY-MM-DD); see how-to-waive"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> object:
    """A day and nothing that could be taken for one: no number, no time of day."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("must be a day, as 2027-03-31")


class Waiver(Frozen):
    """
    One entry. `scope` is matched with the whole subject as reports show it, `*` and `?` allowed.

    It holds through the day `expiry`. The run's own trouble (AIC-RUN-…) cannot be waived.
    """

    id: Annotated[
        str,
        Field(
            max_length=64,
            pattern=r"^(AIC-(NODE|DEV|PORT|NET)-[0-9]{3}|[a-z][a-z0-9]*(_[a-z0-9]+)*)$",
        ),
    ]
    scope: Annotated[Text, Field(min_length=1)]
    reason: Annotated[Sentence, Field(min_length=1)]
    owner: Annotated[Text, Field(min_length=1)]
    expiry: Annotated[date, BeforeValidator(_day)]

    def covers(self, found: str, subject: str) -> bool:
        """Does it speak of this code or requirement at this place?"""
        # Brackets are no pattern here: they are what devices are called.
        pattern = self.scope.replace("[", "[[]")
        return self.id == found and fnmatchcase(subject, pattern)

    def has_expired(self, on: date) -> bool:
        return on > self.expiry

    @property
    def words(self) -> str:
        """`waived by storage-team until 2027-03-31`."""
        return f"waived by {self.owner} until {self.expiry.isoformat()}"


class WaiverUse(Frozen):
    """
    What a waiver did. `where`: the places that it covers or, once expired, would have covered.

    unused: nothing of its id was found in its scope.
    """

    waiver: Waiver
    state: Literal["used", "expired", "unused"]
    where: Annotated[tuple[Sentence, ...], Field(max_length=20)] = ()


_SHAPE = TypeAdapter(tuple[Waiver, ...])


def parse_waivers(text: str) -> tuple[Waiver, ...]:
    """
    Read a waivers file: a YAML list, or nothing.

    Raises:
        ConfigError: It is not such a list; the entry and its field are named.
    """
    if len(text) > MAX_WAIVERS_CHARACTERS:
        raise _unreadable(f"they have more than {MAX_WAIVERS_CHARACTERS} characters")
    if not text.strip():
        return ()
    import yaml  # only here: a command line without waivers starts without it

    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            # An alias stands for any amount of text; nobody needs one here.
            if isinstance(event, yaml.AliasEvent):
                raise _unreadable("YAML aliases are not taken")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MOST_NESTED:
                raise _unreadable("they are nested too deeply")
        rows = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as exc:  # ValueError: the 30th of February
        raise _unreadable(str(exc)) from exc
    if rows is not None and not isinstance(rows, list):
        raise _unreadable("they are not a list")
    return _validated(rows or [])


def _validated(rows: list[Any]) -> tuple[Waiver, ...]:
    try:
        waivers = _SHAPE.validate_python(rows)
    except ValidationError as exc:
        told = [_told(problem) for problem in exc.errors(include_url=False, include_input=False)]
        more = f" and {len(told) - 5} more problems" if len(told) > 5 else ""
        raise _unreadable("; ".join(told[:5]) + more) from exc
    seen: set[tuple[str, str]] = set()
    for number, waiver in enumerate(waivers, 1):
        if (waiver.id, waiver.scope) in seen:
            raise _unreadable(f"entry {number} repeats {waiver.id} for {waiver.scope}")
        seen.add((waiver.id, waiver.scope))
    return waivers


def _told(problem: Mapping[str, Any]) -> str:
    number, *field = problem["loc"] or (0,)
    where = f", {'.'.join(str(part) for part in field)}" if field else ""
    return f"entry {int(number) + 1}{where}: {problem['msg']}"


def _unreadable(why: str) -> ConfigError:
    return ConfigError(f"the waivers cannot be read: {why}", hint=_HINT)
