"""
Does the platform's monitoring system find a service, and tell its metrics as they are?

A stub of ours serves metrics as inference servers do, with a word of this run on every series. It
gets exactly so many requests; the monitoring system must tell exactly that number, and the next.
"""

from aiconform.checks.ai_service_metrics.judging import evaluate
from aiconform.checks.ai_service_metrics.look import run
from aiconform.checks.ai_service_metrics.monitors import MONITORS, PROMETHEUS
from aiconform.checks.framework import Check, looks_at, makes
from aiconform.cluster.resources import POD, SERVICE

CHECK = Check(
    id="ai_service_metrics",
    rights=(
        *makes(POD, why="a stub that serves metrics, and one that nobody is told of",
               also=("get",)),
        *(right for kind in MONITORS
          for right in makes(kind, why="tells the monitoring system of the stub")),
        *looks_at(SERVICE, why="where the monitoring system answers queries"),
        *looks_at(PROMETHEUS, why="which monitors it selects",
                  lost_without="our monitor has no labels that it might select by"),
    ),
    time_box_s=480,
    cost="two pods and one monitor object; no money",
    run=run,
    evaluate=evaluate,
)  # fmt: skip
