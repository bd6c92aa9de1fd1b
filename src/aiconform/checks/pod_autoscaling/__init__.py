"""
Are pods with accelerators scaled up and down by a metric of the workload?

A Deployment of ours with one device per replica serves a gauge that the check sets. The platform's
own metrics API has to tell exactly what was set, and its autoscaler has to follow: up, not when the
value is at the target, never beyond the maximum, and down again.
"""

from aiconform.checks.framework import INVENTORY, Check, generates, looks_at, makes, on
from aiconform.checks.pod_autoscaling.judging import evaluate
from aiconform.checks.pod_autoscaling.kinds import (
    CUSTOM_VERSIONS,
    EXTERNAL,
    POD_MONITOR,
    SCALED_OBJECT,
    any_metric,
)
from aiconform.checks.pod_autoscaling.look import run
from aiconform.cluster.resources import (
    API_SERVICE,
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    REPLICA_SET,
    RESOURCE_CLAIM,
    RESOURCE_CLAIM_TEMPLATE,
)

_TOLD = "what the platform tells of our pods' metric"

CHECK = Check(
    id="pod_autoscaling",
    rights=(
        *looks_at(API_SERVICE, why="which metrics APIs there are, and whether they answer"),
        *makes(DEPLOYMENT, why="what is scaled", also=("patch",)),
        *generates(REPLICA_SET, why="made from our Deployment"),
        *makes(POD, why="the pods that are scaled, and one that serves an external metric",
               also=("get",)),
        *on(POD, "get", subresource="log", why="which device a pod was given"),
        *makes(HORIZONTAL_POD_AUTOSCALER, why="the autoscaler that is asked",
               also=("get", "watch")),
        *makes(SCALED_OBJECT, why="KEDA is asked by it", also=("get",)),
        *makes(POD_MONITOR, why="tells the monitoring system of our pods"),
        *makes(RESOURCE_CLAIM_TEMPLATE, why="one device of DRA for each replica"),
        *generates(RESOURCE_CLAIM, why="made from our template"),
        *(right for version in CUSTOM_VERSIONS
          for right in on(any_metric(version), "get", why=_TOLD)),
        *on(EXTERNAL, "list", why=_TOLD),
        *INVENTORY,
    ),
    time_box_s=1200,
    devices=2,
    cost="one or two pods with an accelerator each, for about seven minutes; no money",
    run=run,
    evaluate=evaluate,
)  # fmt: skip
