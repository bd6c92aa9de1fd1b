"""Does a sandboxed pod meet another kernel than its neighbour, and stay within its walls?"""

from aiconform.checks.framework import Check, looks_at, makes, on
from aiconform.checks.workload_sandboxing.judging import evaluate
from aiconform.checks.workload_sandboxing.looking import run
from aiconform.cluster.resources import EVENT, POD, RUNTIME_CLASS

CHECK = Check(
    id="workload_sandboxing",
    rights=(
        *looks_at(RUNTIME_CLASS, why="which runtimes promise a sandbox"),
        *makes(
            POD, namespace="probe", also=("get",),
            why="two neighbours and a sandboxed pod on one node, as root within their containers",
        ),
        *on(POD, "get", subresource="log", namespace="probe", why="what each of them met"),
        *on(EVENT, "list", namespace="probe", why="why a sandbox does not start"),
    ),
    time_box_s=400,
    probe=True,
    cost="three small pods on up to two nodes for each of up to three RuntimeClasses",
    run=run,
    evaluate=evaluate,
)  # fmt: skip

__all__ = ["CHECK"]
