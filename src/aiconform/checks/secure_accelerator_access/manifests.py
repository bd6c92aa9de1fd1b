"""
The pods and claims of this check (pure).

They run as root with the runtime's default capabilities, which Pod Security level baseline allows:
what such a container cannot reach, none with fewer rights can. All are pinned by affinity and not
by nodeName, since only the scheduler hands out claims.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import on_nodes, workload
from aiconform.checks.secure_accelerator_access.files import (
    ENVIRONMENT,
    LISTINGS,
    MOUNT_ROOT,
    vendor_of,
)
from aiconform.checks.secure_accelerator_access.sites import Site

Json = dict[str, Any]

HOLDER, SIDECAR, VISITOR = "holder", "sidecar", "visitor"
HOLDER_PORT, SIDECAR_PORT = 8080, 8081
_ROOT = {"runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": False}
_CLAIM = "accelerator"


def word(nonce: str, container: str) -> str:
    """What the container says with every line, so that none is taken for another's."""
    return f"{nonce}-{container}"


def tenant(site: Site, *, name: str, nonce: str, claim: str = "", count: int = 1) -> Json:
    """A pod with devices in one container and none in another; both look again on request."""
    flags = ["--nonce", word(nonce, HOLDER), "--port", str(HOLDER_PORT), "--open", "/*"]
    flags += [part for listing in LISTINGS for part in ("--execute", listing)]
    devices = {site.resource: count} if site.mode == "plugin" else None
    claims = (_CLAIM,) if site.mode == "dra" else ()
    holder = workload(
        "devices", *flags, name=HOLDER, port=HOLDER_PORT, devices=devices, claims=claims
    )
    aside = ["--nonce", word(nonce, SIDECAR), "--port", str(SIDECAR_PORT)]
    sidecar = workload("devices", *aside, name=SIDECAR, port=SIDECAR_PORT)
    return _pod(site.hostname, name, (holder, sidecar), taints=site.taints, claim=claim)


def surplus(site: Site, *, name: str, nonce: str, count: int, claim: str = "") -> Json:
    """A pod that asks for more devices than there are free."""
    devices = {site.resource: count} if site.mode == "plugin" else None
    claims = (_CLAIM,) if site.mode == "dra" else ()
    flags = ["--nonce", word(nonce, VISITOR)]
    container = workload("devices", *flags, name=VISITOR, devices=devices, claims=claims)
    return _pod(site.hostname, name, (container,), taints=site.taints, claim=claim)


def visitor(
    hostname: str,
    *,
    name: str,
    nonce: str,
    taints: Sequence[str] = (),
    look_for: Sequence[str] = (),
    make: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    mounts: Sequence[str] = (),
    runtime_class: str = "",
) -> Json:
    """
    A pod that asks for no device and tries to open some; it looks once and ends.

    Args:
        look_for: Paths' patterns and device numbers, opened wherever they are found.
        make: Device numbers to make files of.
        mounts: Where empty directories are mounted.
    """
    flags = ["--nonce", word(nonce, VISITOR)]
    flags += [part for wanted in look_for for part in ("--open", wanted)]
    flags += [part for number in make for part in ("--mknod", number)]
    container = workload("devices", *flags, name=VISITOR, env=env)
    if mounts:
        container["volumeMounts"] = [
            {"name": f"list-{n}", "mountPath": path} for n, path in enumerate(mounts)
        ]
    pod = _pod(hostname, name, (container,), taints=taints)
    if mounts:
        pod["spec"]["volumes"] = [{"name": f"list-{n}", "emptyDir": {}} for n in range(len(mounts))]
    if annotations:
        pod["metadata"]["annotations"] = dict(annotations)
    if runtime_class:
        pod["spec"]["runtimeClassName"] = runtime_class
    return pod


def by_environment() -> Json:
    return {"env": dict(ENVIRONMENT)}


def by_volumes(site: Site) -> Json:
    """Every device by mounts and by annotations, as CDI and the NVIDIA runtime understand them."""
    kinds = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu", "intel-gaudi": "habana.ai/gaudi"}
    kind = kinds.get(vendor_of(site.resource, site.driver)) or site.resource
    annotations = {"cdi.k8s.io/aiconform": f"{kind}=all"} if kind else {}
    return {
        "env": {"NVIDIA_VISIBLE_DEVICES": MOUNT_ROOT},
        "mounts": (f"{MOUNT_ROOT}/all",),
        "annotations": annotations,
    }


def claim(site: Site, *, name: str, count: int = 1, admin: bool = False) -> Json:
    exactly: Json = {"deviceClassName": site.device_class, "count": count}
    if admin:
        exactly["adminAccess"] = True
    requests = [{"name": "device", "exactly": exactly}]
    return {"metadata": {"name": name}, "spec": {"devices": {"requests": requests}}}


def borrower(site: Site, *, name: str, nonce: str, claim: str) -> Json:
    """A pod of the work namespace with a claim's name that is only in the other namespace."""
    flags = ["--nonce", word(nonce, VISITOR)]
    container = workload("devices", *flags, name=VISITOR, claims=(_CLAIM,))
    pod = _pod(site.hostname, name, (container,), taints=site.taints, claim=claim)
    del pod["spec"]["securityContext"]
    return pod


def outlaw(name: str) -> Json:
    """Privileged and with the node's devices: only ever asked for as a dry run."""
    container = {
        "name": VISITOR,
        "image": "aiconform.invalid/never-started",
        "securityContext": {"privileged": True},
        "volumeMounts": [{"name": "dev", "mountPath": "/host-dev"}],
    }
    volumes = [{"name": "dev", "hostPath": {"path": "/dev"}}]
    return {"metadata": {"name": name}, "spec": {"containers": [container], "volumes": volumes}}


def _pod(
    hostname: str, name: str, containers: Sequence[Json], *, taints: Sequence[str], claim: str = ""
) -> Json:
    spec: Json = {
        "affinity": on_nodes(hostname),
        "securityContext": dict(_ROOT),
        "tolerations": [{"key": key, "operator": "Exists"} for key in taints],
        "containers": list(containers),
    }
    if claim:
        spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimName": claim}]
    return {"metadata": {"name": name}, "spec": spec}
