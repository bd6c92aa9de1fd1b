"""The pods of this check (pure): root within their containers, which level baseline allows."""

from typing import Any

from aiconform.checks.framework import on_nodes, workload
from aiconform.checks.workload_sandboxing.classes import Site

Json = dict[str, Any]

STAY_S = 900
FOLDER = "/canary"
_ROOT = {"runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": False}


def neighbour(site: Site, hostname: str, *, name: str, nonce: str, canary: str) -> Json:
    """In the default runtime: it places what a sandbox must not find, and stays."""
    flags = ("--place", FOLDER, "--sleep", str(STAY_S))
    pod = _pod(site, hostname, *flags, name=name, nonce=nonce, canary=canary)
    pod["spec"]["volumes"] = [{"name": "canary", "emptyDir": {}}]
    mounts = [{"name": "canary", "mountPath": FOLDER}]
    pod["spec"]["containers"][0]["volumeMounts"] = mounts
    return pod


def plain(site: Site, hostname: str, *, name: str, nonce: str, canary: str) -> Json:
    """In the default runtime as well: looks once."""
    return _pod(site, hostname, name=name, nonce=nonce, canary=canary)


def sandboxed(site: Site, hostname: str, *, name: str, nonce: str, canary: str) -> Json:
    pod = _pod(site, hostname, name=name, nonce=nonce, canary=canary)
    pod["spec"]["runtimeClassName"] = site.runtime_class
    return pod


def _pod(site: Site, hostname: str, *flags: str, name: str, nonce: str, canary: str) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {
            "affinity": on_nodes(hostname),
            "tolerations": [dict(toleration) for toleration in site.tolerations],
            "securityContext": dict(_ROOT),
            "containers": [workload("sandbox", "--nonce", nonce, "--canary", canary, *flags)],
        },
    }
