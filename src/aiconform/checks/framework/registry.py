"""The checks that there are, found by their folders: `checks/<id>/__init__.py` has `CHECK`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from aiconform import checks
from aiconform.catalogue.requirements import requirements
from aiconform.checks.framework.check import Check
from aiconform.judge.sightings import Evaluator

_FRAMEWORK = "framework"


@cache
def all_checks() -> Mapping[str, Check]:
    """By id, in the order of the catalogue."""
    names = {found.name for found in pkgutil.iter_modules(checks.__path__)} - {_FRAMEWORK}
    order = [*requirements(), *sorted(names - requirements().keys())]
    loaded = {name: _load(name) for name in order if name in names}
    return {check.id: check for check in loaded.values()}


def evaluators() -> Mapping[str, Evaluator]:
    """What `judge` takes, by requirement."""
    return {check.id: check.evaluate for check in all_checks().values()}


def _load(name: str) -> Check:
    check = importlib.import_module(f"{checks.__name__}.{name}").CHECK
    assert isinstance(check, Check)
    assert check.id == name, f"the folder {name} declares {check.id}"
    return check
