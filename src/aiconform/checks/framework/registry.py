"""The checks that there are, found by their folders: `checks/<id>/__init__.py` has `CHECK`."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

from aiconform import checks
from aiconform.catalogue.requirements import requirements
from aiconform.checks.framework.check import Check
from aiconform.judge.sightings import Evaluator

_FRAMEWORK = "framework"


class _Checks(Mapping[str, Check]):
    """By id, in the order of the catalogue; a check is imported when it is asked for."""

    def __init__(self) -> None:
        names = {found.name for found in pkgutil.iter_modules(checks.__path__)} - {_FRAMEWORK}
        known = requirements()
        self._ids = (*(i for i in known if i in names), *sorted(names - known.keys()))

    def __getitem__(self, check: str) -> Check:
        if check not in self._ids:
            raise KeyError(check)
        return _load(check)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class _Evaluators(Mapping[str, Evaluator]):
    """What `judge` takes, by requirement."""

    def __getitem__(self, check: str) -> Evaluator:
        return all_checks()[check].evaluate

    def __iter__(self) -> Iterator[str]:
        return iter(all_checks())

    def __len__(self) -> int:
        return len(all_checks())


@cache
def all_checks() -> Mapping[str, Check]:
    """Every check there is."""
    return _Checks()


def evaluators() -> Mapping[str, Evaluator]:
    """How each is judged."""
    return _Evaluators()


@cache
def _load(name: str) -> Check:
    check = importlib.import_module(f"{checks.__name__}.{name}").CHECK
    assert isinstance(check, Check)
    assert check.id == name, f"the folder {name} declares {check.id}"
    return check
