"""Is what the platform says of drivers and runtimes there on every accelerator node, and true?"""

from aiconform.checks.driver_runtime_management.judging import evaluate
from aiconform.checks.driver_runtime_management.looking import run
from aiconform.checks.driver_runtime_management.operators import OPERATORS
from aiconform.checks.framework import INVENTORY, Check, looks_at, makes, on
from aiconform.cluster.resources import POD, RESOURCE_CLAIM, RUNTIME_CLASS

CHECK = Check(
    id="driver_runtime_management",
    rights=(
        *makes(
            POD, also=("get",),
            why="read the driver's version on each node, and see what a granted device brings",
        ),
        *on(POD, "get", subresource="log", why="what the pods have read"),
        *makes(RESOURCE_CLAIM, also=("get",), why="one device, and one of a version nobody has"),
        *looks_at(RUNTIME_CLASS, why="recorded: the runtimes that pods can ask for"),
        *(
            right
            for operator in OPERATORS
            for right in looks_at(operator.resource, why="recorded: the state of its drivers")
        ),
        *INVENTORY,
    ),
    time_box_s=660,
    devices=1,
    cost="one accelerator of each kind of node for some seconds, a small pod on each such node",
    run=run,
    evaluate=evaluate,
)  # fmt: skip

__all__ = ["CHECK"]
