"""
What checks are built with. A check imports from here, and from `aiconform.cluster.resources`.

docs/how-to-write-a-check.md shows how.
"""

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.context import PREPARE_S, Context
from aiconform.checks.framework.errors import ImageError, RefusedError, UnavailableError
from aiconform.checks.framework.http import HttpAnswer, HttpError
from aiconform.checks.framework.inventory import DraDevice, Inventory, PluginOffer, moved
from aiconform.checks.framework.pods import TUNNELS, on_nodes, workload
from aiconform.checks.framework.rights import INVENTORY, generates, looks_at, makes, on
from aiconform.checks.framework.ruling import (
    Answer,
    Ruling,
    conclude,
    errored,
    failed,
    passed,
    rule,
    settled,
    skipped,
    still_waits,
    unknown,
    warned,
)
from aiconform.checks.framework.status import allocated, placement, results_of
from aiconform.checks.framework.steps import Step
from aiconform.checks.framework.talking import asked, said
from aiconform.cluster.objects import Change, Reply
from aiconform.cluster.resources import Resource
from aiconform.judge.sightings import Conclusion, Sighting, Sightings

__all__ = [
    "INVENTORY",
    "PREPARE_S",
    "TUNNELS",
    "Answer",
    "Change",
    "Check",
    "Conclusion",
    "Context",
    "DraDevice",
    "HttpAnswer",
    "HttpError",
    "ImageError",
    "Inventory",
    "PluginOffer",
    "RefusedError",
    "Reply",
    "Resource",
    "Ruling",
    "Sighting",
    "Sightings",
    "Step",
    "UnavailableError",
    "allocated",
    "asked",
    "conclude",
    "errored",
    "failed",
    "generates",
    "looks_at",
    "makes",
    "moved",
    "on",
    "on_nodes",
    "passed",
    "placement",
    "results_of",
    "rule",
    "said",
    "settled",
    "skipped",
    "still_waits",
    "unknown",
    "warned",
    "workload",
]
