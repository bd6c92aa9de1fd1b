"""Do two pods work on one device at the same time, as the scheduler hands out parts of it?"""

from aiconform.checks.framework import INVENTORY, Check, makes, on
from aiconform.checks.gpu_sharing.judging import evaluate
from aiconform.checks.gpu_sharing.looking import run
from aiconform.cluster.resources import POD, RESOURCE_CLAIM

CHECK = Check(
    id="gpu_sharing",
    rights=(
        *makes(POD, also=("get",), why="two pods on one device, one without, and one too many"),
        *on(POD, "get", subresource="log", why="which device files each of them has"),
        *makes(RESOURCE_CLAIM, also=("get",), why="parts of a device, where they are claimed"),
        *INVENTORY,
    ),
    time_box_s=660,
    devices=1,
    cost="one free accelerator, or two parts of one, for about a minute by each way of sharing",
    run=run,
    evaluate=evaluate,
)

__all__ = ["CHECK"]
