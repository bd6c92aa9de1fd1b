"""The pods and Services of the trials (pure)."""

from typing import Any

from aiconform.checks.framework import on_nodes, workload
from aiconform.checks.gang_scheduling.adapters import Gang, PodMaker
from aiconform.checks.gang_scheduling.slots import Slots
from aiconform.checks.gang_scheduling.timeline import GANG_LABEL

Json = dict[str, Any]
PORT = 29400
BARRIER_S = 120
_DEVICE = "device"


def word_of(nonce: str, gang: str) -> str:
    """What the ranks of one gang of this run know each other by."""
    return f"{nonce}.{gang}"


def meeting(gang: Gang, slots: Slots, *, nonce: str, template: str) -> PodMaker:
    """Ranks that end well only when each has met all others, twice."""
    flags = ("--ranks", str(gang.size), "--service", gang.name, "--port", str(PORT),
             "--within", str(BARRIER_S), "--nonce", nonce)  # fmt: skip

    def make(rank: int | None) -> Json:
        own = () if rank is None else ("--rank", str(rank))
        return _pod(gang, slots, rank, template, "barrier", *flags, *own)

    return make


def holding(gang: Gang, slots: Slots, *, template: str) -> PodMaker:
    """Pods that only hold their slots until they are deleted."""

    def make(rank: int | None) -> Json:
        return _pod(gang, slots, rank, template, "echo")

    return make


def service(gang: Gang) -> Json:
    """Where the ranks find each other, ready or not."""
    return {
        "metadata": {"name": gang.name, "labels": {GANG_LABEL: gang.name}},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {GANG_LABEL: gang.name},
            "ports": [{"name": "barrier", "port": PORT}],
        },
    }


def claim_template(name: str, slots: Slots) -> Json:
    """One device of the class for each pod."""
    exactly = {"deviceClassName": slots.device_class, "allocationMode": "ExactCount", "count": 1}
    requests = [{"name": _DEVICE, "exactly": exactly}]
    return {"metadata": {"name": name}, "spec": {"spec": {"devices": {"requests": requests}}}}


def _pod(
    gang: Gang, slots: Slots, rank: int | None, template: str, server: str, *flags: str
) -> Json:
    dra = slots.mode == "dra"
    container = workload(server, *flags, claims=(_DEVICE,) if dra else ())
    container.setdefault("resources", {})["limits"] = dict(slots.request)
    spec: Json = {
        "containers": [container],
        "affinity": on_nodes(*slots.hostnames),
        "restartPolicy": "Never",
    }
    if dra:
        spec["resourceClaims"] = [{"name": _DEVICE, "resourceClaimTemplateName": template}]
    name = gang.name if rank is None else f"{gang.name}-{rank}"
    return {"metadata": {"name": name, "labels": {GANG_LABEL: gang.name}}, "spec": spec}
