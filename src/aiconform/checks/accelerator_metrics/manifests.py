"""The pod that keeps one device busy, and its claim (pure)."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.accelerator_metrics.places import Place
from aiconform.checks.framework import on_nodes, workload

Json = dict[str, Any]

BUFFER_BYTES = 2**30
LOAD_S = 90
IDLE_S = 15  # so long it holds the device and does nothing
_CLAIM = "accelerator"
_CODE, _TMP = "/aiconform-code", "/tmp"
# Only what the load needs travels into the site's image: it is Python's standard library alone.
_COPY = (
    "import pathlib, shutil, aiconform; root = pathlib.Path(aiconform.__file__).parent; "
    f"to = pathlib.Path('{_CODE}/aiconform'); "
    "shutil.copytree(root / 'workload', to / 'workload'); "
    "shutil.copy(root / '__init__.py', to)"
)


def load_pod(
    place: Place, *, hostname: str, name: str, nonce: str, settings: Mapping[str, Any], claim: str
) -> Json:
    """
    One container with one device: first idle, then it computes and holds a buffer of known size.

    Args:
        settings: `load` (engine, cpu, memory) and `images.load` of the check's settings.
    """
    load, image = settings.get("load") or {}, image_of(settings)
    flags = ["--nonce", nonce, "--after", str(IDLE_S), "--seconds", str(LOAD_S),
             "--buffer", str(BUFFER_BYTES), "--engine", engine_of(settings),
             "--report", "2"]  # fmt: skip
    container = workload(
        "burn",
        *flags,
        devices={place.resource: 1} if place.resource else None,
        claims=(_CLAIM,) if claim else (),
        # JAX takes most of a device's memory at once, and the buffer could not be told from it.
        env={"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "HOME": _TMP},
    )
    limits = container.setdefault("resources", {}).setdefault("limits", {})
    limits["cpu"] = str(load.get("cpu") or ("1" if image else "500m"))
    limits["memory"] = str(load.get("memory") or ("8Gi" if image else "1280Mi"))
    spec: Json = {
        "affinity": on_nodes(hostname),
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    if claim:
        spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimName": claim}]
    if image:
        _in_image(spec, container, image)
    return {"metadata": {"name": name}, "spec": spec}


def load_claim(place: Place, *, name: str) -> Json:
    requests = [{"name": "device", "exactly": {"deviceClassName": place.device_class, "count": 1}}]
    return {"metadata": {"name": name}, "spec": {"devices": {"requests": requests}}}


def image_of(settings: Mapping[str, Any]) -> str:
    return str((settings.get("images") or {}).get("load") or "")


def engine_of(settings: Mapping[str, Any]) -> str:
    return str((settings.get("load") or {}).get("engine") or "auto")


def _in_image(spec: Json, container: Json, image: str) -> None:
    """The site's image with its framework, and our code in a volume."""
    container["image"] = image
    container["env"].append({"name": "PYTHONPATH", "value": _CODE})
    mounts = [{"name": "code", "mountPath": _CODE}]
    container["volumeMounts"] = [*mounts, {"name": "tmp", "mountPath": _TMP}]
    spec["initContainers"] = [
        {"name": "code", "command": ["python3", "-c", _COPY], "volumeMounts": mounts}
    ]
    spec["volumes"] = [{"name": name, "emptyDir": {}} for name in ("code", "tmp")]
