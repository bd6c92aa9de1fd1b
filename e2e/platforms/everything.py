"""Every piece that a check looks for, at once: the platform on which all of them can pass."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from e2e.lab.accelerators import RESOURCE, Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.custom_metrics import custom_metrics
from e2e.platforms.exporters import exporters
from e2e.platforms.gateway import gateway
from e2e.platforms.karpenter import karpenter
from e2e.platforms.operator import operator
from e2e.platforms.prometheus import prometheus


@contextmanager
def everything(lab: Lab) -> Iterator[dict[str, Any]]:
    """
    Devices by plugin on node1 and node2 and by DRA on node3 and node4, and all programs.

    Yields the chart's values that a site of this kind gives: its devices' resource, its consent to
    new nodes, and a load for devices that are as busy as the processor of the pod that holds them.
    """
    accelerators = Accelerators(lab)
    with ExitStack() as platform:
        platform.enter_context(accelerators.device_plugin("node1", "node2"))
        platform.enter_context(accelerators.dra_driver("node3", "node4"))
        platform.enter_context(exporters(lab, "node1", "node2"))
        platform.enter_context(gateway(lab))
        platform.enter_context(prometheus(lab))
        platform.enter_context(custom_metrics(lab))
        autoscaler = platform.enter_context(karpenter(lab))
        platform.enter_context(operator(lab))
        settings = {
            "cluster_autoscaling": autoscaler.agreed,
            "accelerator_metrics": {"load": {"engine": "none"}},
        }
        accelerated = {"extraResources": [RESOURCE]}
        yield {"run": {"accelerators": accelerated, "checks": {"settings": settings}}}
