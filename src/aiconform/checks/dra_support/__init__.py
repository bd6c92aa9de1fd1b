"""Does the API of Dynamic Resource Allocation work, and does a claim really get a device?"""

from dataclasses import replace

from aiconform.checks.dra_support.evaluate import evaluate
from aiconform.checks.dra_support.requests import VERSIONS
from aiconform.checks.dra_support.run import run
from aiconform.checks.framework import INVENTORY, Check, makes, on
from aiconform.cluster.resources import POD, RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE

CHECK = Check(
    id="dra_support",
    rights=(
        *makes(POD, why="use the claims, and wait in vain for one", also=("get", "watch")),
        *on(POD, "get", subresource="log", why="which device a pod really got"),
        *(
            right
            for version in VERSIONS
            for right in (
                *makes(
                    replace(RESOURCE_CLAIM, version=version),
                    why="are allocated and freed",
                    also=("get",),
                ),
                *makes(
                    replace(RESOURCE_CLAIM_TEMPLATE, version=version),
                    why="are made, read and deleted",
                    also=("get",),
                ),
            )
        ),
        *INVENTORY,
    ),
    # Nearly all of it is for a first pull of our image; without one it takes a minute.
    time_box_s=660,
    cost="up to two devices of one node for half a minute, four pods; no money",
    run=run,
    evaluate=evaluate,
    devices=2,
)
