"""What an exercise needs of a node and of an engine; without it, it is skipped, with the reason."""

import os
from collections.abc import Sequence
from typing import Any

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.engines.protocol import Device, Engine
from aiconform.agent.errors import SkipError
from aiconform.agent.inventory.given import given_here
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.request import Request


def engine_for_accelerators(request: Request, *verbs: str) -> Any:
    """
    The engine, if this pod has accelerators and the engine can do `verbs`.

    A framework takes seconds to import: it is not, on a node that has nothing for it. The
    parameter `any_device` runs on processors too.

    Raises:
        SkipError: There is no accelerator, or the engine lacks a verb.
    """
    if not _any_device(request) and not given_here(Tree(), environ=os.environ):
        raise SkipError("this pod was given no accelerator")
    engine: Engine = make_engine(str(request.values["engine"]))
    for verb in verbs:
        if not callable(getattr(engine, verb, None)):
            raise SkipError(f"the engine {engine.name} cannot do this (it has no {verb})")
    return engine


def accelerators(request: Request, devices: Sequence[Device]) -> "tuple[Device, ...]":
    """
    Raises:
        SkipError: The framework sees none.
    """
    found = tuple(d for d in devices if _any_device(request) or d.kind == "accelerator")
    if not found:
        raise SkipError("the framework sees no accelerator")
    return found


def several(request: Request, devices: Sequence[Device]) -> "tuple[Device, ...]":
    """
    Raises:
        SkipError: There are fewer than two.
    """
    found = accelerators(request, devices)
    if len(found) < 2:
        raise SkipError("there is one accelerator: nothing to do together")
    return found


def product(device: Device) -> "dict[str, str]":
    """For a record's parameters: what the device is, so that like is compared with like."""
    return {"product": device.product} if device.product else {}


def _any_device(request: Request) -> bool:
    return bool(request.params.get("any_device"))
