"""
Does the platform split and steer inference traffic through the Gateway API?

An Accepted route proves nothing: only requests that were counted where they arrived do. Two
backends of ours, a Gateway, routes with weights and header matches, and requests of which every one
is accounted for, by the pod that got it.
"""

from aiconform.checks.ai_inference.judging import evaluate
from aiconform.checks.ai_inference.kinds import CLASS, GATEWAY, ROUTE
from aiconform.checks.ai_inference.look import CRD_NAME, run
from aiconform.checks.framework import Check, looks_at, makes, on
from aiconform.cluster.resources import (
    CUSTOM_RESOURCE_DEFINITION,
    ENDPOINT_SLICE,
    NETWORK_POLICY,
    POD,
    SERVICE,
)

CHECK = Check(
    id="ai_inference",
    rights=(
        *makes(POD, why="two backends, and clients that send requests", also=("get",)),
        *on(POD, "get", subresource="log", why="what the clients met"),
        *makes(SERVICE, why="in front of each backend; a Gateway's own address"),
        *makes(GATEWAY, why="a Gateway of our own", also=("get", "patch")),
        *makes(ROUTE, why="routes with weights and header matches", also=("get", "patch")),
        *makes(NETWORK_POLICY, why="lets the gateway reach our backends"),
        *on(ENDPOINT_SLICE, "list", why="that each Service leads to one backend alone"),
        *looks_at(CLASS, why="which gateways there are"),
        *looks_at(GATEWAY, why="which class is in use, and by which ports"),
        *looks_at(
            CUSTOM_RESOURCE_DEFINITION,
            verbs=("get",),
            names=(CRD_NAME,),
            why="which release of the Gateway API it is",
            lost_without="the release is not told; nothing else depends on it",
        ),
    ),
    time_box_s=720,
    cost="a Gateway (in a cloud it may bring a load balancer, which costs money), two backends,"
    " up to 2,000 requests",
    run=run,
    evaluate=evaluate,
)
