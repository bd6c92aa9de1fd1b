"""Running our stand-ins (`standins/README.md`) on the lab: image, source and pods."""

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.lab import images
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms.objects import applied, pod_address, rolled_out

SOURCES = Path(__file__).resolve().parent / "standins"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SOURCE_MOUNT = "/opt/standins"
NOTE = {"aiconform.dev/stand-in": "a small program of the test lab, not the real one"}


@dataclass(frozen=True)
class Control:
    """Speaks to `/control` of a stand-in's pods."""

    lab: Lab
    namespace: str
    selector: str
    port: int = 8080

    def set(self, **settings: Any) -> None:
        """Change settings, those of a pod that is only just starting as well."""

        def accepted() -> bool:
            self._ask(json.dumps(settings).encode())
            return True

        _patiently(self.selector, accepted)

    @contextmanager
    def mutant(self, *names: str) -> Iterator[None]:
        """Misbehave in these ways for the block."""
        self.set(mutants=list(names))
        try:
            yield
        finally:
            self.set(mutants=[])

    def page(self, path: str) -> str:
        """A page of the stand-in, as it answers now."""
        with DIRECT.open(f"http://{self._address()}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def _ask(self, body: bytes) -> None:
        DIRECT.open(f"http://{self._address()}/control", data=body, timeout=10).close()

    def _address(self) -> str:
        return f"{pod_address(self.lab, self.selector, namespace=self.namespace)}:{self.port}"


@dataclass(frozen=True)
class Workload:
    """A stand-in's container in a Deployment with one replica."""

    name: str
    program: str
    namespace: str
    port: int = 8080
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    node: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)  # mount path → Secret

    def manifest(self, image: str) -> dict[str, Any]:
        """The Deployment."""
        labels = {"app.kubernetes.io/name": self.name, **self.labels}
        mounts, volumes = volumes_of("standins", config_map=f"{self.name}-source", at=SOURCE_MOUNT)
        for number, (path, secret) in enumerate(self.secrets.items()):
            mounts.append({"name": f"secret-{number}", "mountPath": path})
            volumes.append({"name": f"secret-{number}", "secret": {"secretName": secret}})
        pod = {
            "serviceAccountName": self.name,
            "terminationGracePeriodSeconds": 1,
            "containers": [
                {
                    **container(self.program, image, port=self.port, env=self.env),
                    "volumeMounts": mounts,
                }
            ],
            "volumes": volumes,
            **({"nodeSelector": {"kubernetes.io/hostname": self.node}} if self.node else {}),
        }
        metadata = {"labels": labels, "annotations": {**NOTE, **self.annotations}}
        spec = {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app.kubernetes.io/name": self.name}},
            "template": {"metadata": metadata, "spec": pod},
        }
        own = {"name": self.name, "namespace": self.namespace, "labels": labels}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": own, "spec": spec}

    def control(self, lab: Lab) -> Control:
        selector = f"app.kubernetes.io/name={self.name}"
        return Control(lab, self.namespace, selector, port=self.port)


@contextmanager
def running(lab: Lab, *workloads: Workload) -> Iterator[None]:
    """These stand-ins, ready, for the block; their accounts must be there."""
    image = load_image(lab)
    sources = [source(f"{w.name}-source", namespace=w.namespace) for w in workloads]
    with applied(lab, [*sources, *(w.manifest(image) for w in workloads)]):
        for each in workloads:
            rolled_out(lab, f"deploy/{each.name}", namespace=each.namespace)
        yield


def load_image(lab: Lab) -> str:
    """The image that stand-ins run in, loaded; its reference."""
    reference, archive = images.build(
        dockerfile=SOURCES / "Dockerfile",
        context=SOURCES,
        target="",
        name="docker.io/lab/standins",
        build_args={"BASE": images.base_image()},
    )
    lab.load_image(archive)
    return reference


def source(name: str, *, namespace: str) -> dict[str, Any]:
    """A ConfigMap with the stand-ins' programs."""
    data = {path.name: path.read_text() for path in sorted(SOURCES.glob("*.py"))}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def container(
    program: str, image: str, *, port: int, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A container that runs one program, probed at `/healthz`, without any privilege."""
    variables = {"PORT": str(port), **(env or {})}
    return {
        "name": program,
        "image": image,
        "imagePullPolicy": "Never",
        "args": [f"standins.{program}"],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "ports": [{"name": "http", "containerPort": port}],
        "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}},
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": port}, "periodSeconds": 1},
        "securityContext": RESTRICTED,
    }


RESTRICTED: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def volumes_of(
    name: str, *, config_map: str, at: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A ConfigMap as a folder: volume mounts and volumes."""
    return [{"name": name, "mountPath": at}], [{"name": name, "configMap": {"name": config_map}}]


def _patiently(what: str, done: Callable[[], bool]) -> None:
    def tried() -> bool:
        try:
            return done()
        except (OSError, StopIteration):
            return False

    wait_for(f"{what} to answer", tried, limit_s=30)
