"""What a run is told, and plans, about the network between its nodes."""

from typing import Annotated

from pydantic import Field

from aiconform.model.base import Count, Frozen, FrozenCamel, Name, Text


class TopologySettings(FrozenCamel):
    """
    Where it is read which nodes hang on the same switches. The first that is set wins.

    With nothing set the usual labels are looked for; see the catalogue.
    """

    # CSV or JSON: node,rail,leaf[,pod]; or CSV of places in a torus: node,x/4,y/4,z/8
    table: Annotated[str, Field(max_length=1_000_000)] = ""
    label: Text = ""  # a label of the site's own
    attribute: Text = ""  # of the devices in ResourceSlices


class FabricSettings(FrozenCamel):
    """How links are tested."""

    topology: TopologySettings = TopologySettings()
    # Seconds for all rounds; 0: as long as they take. A round that is running is finished.
    budget_s: Annotated[float, Field(ge=0)] = 0.0


class PlannedTopology(Frozen):
    """Which nodes share switches, as the plan takes it, and where that is known from."""

    source: Text
    leaves: dict[Name, tuple[Text, ...]]  # node → its leaf on each rail
    # Of a torus: node → its place on each axis; and after how many places axes close, 0: never.
    places: dict[Name, tuple[Count, ...]] = {}
    rings: tuple[Count, ...] = ()
    unit_count: Count  # groups of nodes that share their leaves on all rails
