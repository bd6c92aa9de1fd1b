"""
Do metrics of every accelerator's utilization and memory exist, and are they true?

Exporters are found as a monitoring system would find them. Their names are read by a table, their
units made alike, and a load of known size is put on one device of each kind: the figures of that
device have to follow it, and those of no other.
"""

from aiconform.checks.accelerator_metrics.finding import POD_MONITOR, SERVICE_MONITOR
from aiconform.checks.accelerator_metrics.judging import evaluate
from aiconform.checks.accelerator_metrics.looking import run
from aiconform.checks.framework import INVENTORY, Check, looks_at, makes, on
from aiconform.cluster.resources import ENDPOINT_SLICE, NODE, POD, RESOURCE_CLAIM, SERVICE

_WHY = "where exporters of accelerators answer"

CHECK = Check(
    id="accelerator_metrics",
    rights=(
        *makes(POD, why="computes on one device and holds a buffer of known size", also=("get",)),
        *on(POD, "get", subresource="log", why="whether the load really worked"),
        *makes(RESOURCE_CLAIM, why="one device, where devices are claimed", also=("get",)),
        *looks_at(NODE, why="how many devices each has, healthy or not, and its address"),
        *looks_at(POD, why=_WHY, switch="rbac.countForeignPods"),
        *looks_at(SERVICE, why=_WHY),
        *looks_at(ENDPOINT_SLICE, why=_WHY),
        *looks_at(POD_MONITOR, why=_WHY),
        *looks_at(SERVICE_MONITOR, why=_WHY),
        *INVENTORY,
    ),
    time_box_s=480,
    devices=1,
    cost="one accelerator of each kind of node for about a minute; no money",
    run=run,
    evaluate=evaluate,
)  # fmt: skip
