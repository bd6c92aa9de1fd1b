"""Is an accelerator usable only in the container that was granted it, and by nobody else?"""

from aiconform.checks.framework import INVENTORY, Check, looks_at, makes, on
from aiconform.checks.secure_accelerator_access.judging import evaluate
from aiconform.checks.secure_accelerator_access.running import run
from aiconform.cluster.resources import POD, RESOURCE_CLAIM, RUNTIME_CLASS

CHECK = Check(
    id="secure_accelerator_access",
    rights=(
        *makes(
            POD, namespace="probe", also=("get",),
            why="tenants that were granted a device, and bystanders that try to reach it",
        ),
        *on(POD, "get", subresource="log", namespace="probe", why="what each of them could open"),
        *makes(
            RESOURCE_CLAIM, namespace="probe", also=("get",),
            why="one device for each tenant, where devices are claimed",
        ),
        *makes(
            POD, also=("get",),
            why="a pod that names a claim of another namespace, and privileged ones as a dry run",
        ),
        *looks_at(RUNTIME_CLASS, why="runtimes that may hand out devices by environment"),
        *INVENTORY,
    ),
    time_box_s=720,
    devices=2,
    probe=True,
    cost="two accelerators of one node of each kind for about two minutes; no money",
    run=run,
    evaluate=evaluate,
)  # fmt: skip

__all__ = ["CHECK"]
