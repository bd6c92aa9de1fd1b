"""Every piece that a check looks for, at once: the platform on which all of them can pass."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.custom_metrics import custom_metrics
from e2e.platforms.exporters import exporters
from e2e.platforms.gateway import gateway
from e2e.platforms.karpenter import karpenter
from e2e.platforms.operator import operator
from e2e.platforms.prometheus import prometheus


@contextmanager
def everything(lab: Lab) -> Iterator[None]:
    """Devices by plugin on node1 and node2 and by DRA on node3 and node4, and all programs."""
    accelerators = Accelerators(lab)
    with ExitStack() as platform:
        platform.enter_context(accelerators.device_plugin("node1", "node2"))
        platform.enter_context(accelerators.dra_driver("node3", "node4"))
        platform.enter_context(exporters(lab, "node1", "node2"))
        platform.enter_context(gateway(lab))
        platform.enter_context(prometheus(lab))
        platform.enter_context(custom_metrics(lab))
        platform.enter_context(karpenter(lab))
        platform.enter_context(operator(lab))
        yield
