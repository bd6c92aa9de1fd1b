"""Are special network devices published, handed to pods, and is their traffic really theirs?"""

from aiconform.checks.framework import INVENTORY, Check, looks_at, makes
from aiconform.checks.high_performance_networking.judging import evaluate
from aiconform.checks.high_performance_networking.looking import run
from aiconform.checks.high_performance_networking.networks import ATTACHMENT
from aiconform.cluster.resources import POD, RESOURCE_CLAIM

CHECK = Check(
    id="high_performance_networking",
    rights=(
        *makes(POD, also=("get",), why="pods with a network device and one without"),
        *makes(RESOURCE_CLAIM, also=("get",), why="network devices, where they are claimed"),
        *looks_at(ATTACHMENT, why="recorded: networks that pods can be attached to"),
        *INVENTORY,
    ),
    time_box_s=480,
    devices=2,
    cost="two free network devices on two nodes for a minute, and 256 MiB between them",
    run=run,
    evaluate=evaluate,
)

__all__ = ["CHECK"]
