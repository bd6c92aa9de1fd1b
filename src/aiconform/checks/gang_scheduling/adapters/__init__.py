"""The solutions that can be asked for a gang, in the order in which they are asked."""

from collections.abc import Mapping
from typing import Final

from aiconform.checks.gang_scheduling.adapters.base import (
    Adapter,
    Gang,
    Offer,
    PodMaker,
    Standing,
)
from aiconform.checks.gang_scheduling.adapters.coscheduling import Coscheduling
from aiconform.checks.gang_scheduling.adapters.kai import Kai
from aiconform.checks.gang_scheduling.adapters.kueue import Kueue
from aiconform.checks.gang_scheduling.adapters.native import Native
from aiconform.checks.gang_scheduling.adapters.volcano import Volcano

ADAPTERS: Final[Mapping[str, Adapter]] = {
    adapter.name: adapter for adapter in (Native(), Kueue(), Volcano(), Kai(), Coscheduling())
}

__all__ = ["ADAPTERS", "Adapter", "Gang", "Offer", "PodMaker", "Standing"]
