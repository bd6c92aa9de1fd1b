"""Do the pods of a gang start together or not at all?"""

from aiconform.checks.framework import INVENTORY, Check, generates, looks_at, makes, on
from aiconform.checks.gang_scheduling.adapters import coscheduling, kai, kueue, native, volcano
from aiconform.checks.gang_scheduling.looking import run
from aiconform.checks.gang_scheduling.rules import evaluate
from aiconform.cluster.resources import (
    CONFIG_MAP,
    JOB,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_CLAIM_TEMPLATE,
    SERVICE,
)

_FREE = "what is free, so that a gang can be one larger"
_GROUP = "the group that a gang is written down as"
_QUEUE = "which queues there are, and whether unmet demand in them could take from others"

CHECK = Check(
    id="gang_scheduling",
    rights=(
        *makes(POD, why="the pods of gangs, and of the control without one", also=("get", "watch")),
        *on(POD, "get", subresource="log", why="whether the ranks met"),
        *makes(SERVICE, why="where the ranks of a gang find each other"),
        *makes(JOB, why="gangs of Kueue are Jobs"),
        *makes(RESOURCE_CLAIM_TEMPLATE, why="slots that are devices of DRA"),
        *generates(RESOURCE_CLAIM, why="made from our template"),
        *(
            right
            for resource in (
                *native.POD_GROUPS.values(),
                native.WORKLOAD,
                volcano.POD_GROUP,
                kai.POD_GROUP,
                coscheduling.POD_GROUP,
            )
            for right in makes(resource, why=_GROUP, also=("get",))
        ),
        *(
            right
            for version in kueue.VERSIONS
            for right in (
                *on(kueue.WORKLOADS[version], "list", why="how Kueue says that a gang stands"),
                *on(kueue.LOCAL_QUEUES[version], "list", "get", why="the queue for our Jobs"),
                *looks_at(kueue.CLUSTER_QUEUES[version], why=_QUEUE),
            )
        ),
        *looks_at(volcano.QUEUE, why=_QUEUE),
        *looks_at(kai.QUEUE, why=_QUEUE),
        *looks_at(
            CONFIG_MAP,
            verbs=("get",),
            names=(volcano.CONFIGURATION,),
            why="whether Volcano's scheduler reclaims",
            lost_without="Volcano counts as reclaiming",
        ),
        *looks_at(NODE, why=_FREE),
        *looks_at(
            POD,
            why=_FREE,
            lost_without="the check is UNKNOWN: the size of a gang that does not fit is not known",
            switch="rbac.countForeignPods",
        ),
        *INVENTORY,
    ),
    time_box_s=900,
    devices=4,
    cost="four gangs and a control of two to five pods for some minutes; up to four accelerators",
    run=run,
    evaluate=evaluate,
)
