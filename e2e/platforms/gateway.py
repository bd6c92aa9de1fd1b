"""
A real gateway: Envoy Gateway with Envoy, and two ways for it to misbehave.

Gateways get a cluster address, as the lab has no load balancer.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.lab.lab import Lab
from e2e.lab.shell import run, say
from e2e.platforms import programs
from e2e.platforms.admission import rewriting
from e2e.platforms.objects import (
    Manifest,
    applied,
    documents,
    established,
    namespace,
    nobody_behind,
    rolled_out,
)

NAMESPACE = "platform-gateway"
CLASS = "lab-envoy"
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
MODULE = "github.com/envoyproxy/gateway"
GROUP = "gateway.networking.k8s.io"
# What the expressions below can reach; a check's routes are far smaller.
RULES, ENTRIES = range(8), range(4)


@dataclass(frozen=True)
class Gateway:
    """Envoy Gateway at work."""

    lab: Lab
    class_name: str = CLASS
    controller: str = CONTROLLER
    namespace: str = NAMESPACE

    @contextmanager
    def ignoring_weights(self) -> Iterator[None]:
        """Mutant: every backend of a rule weighs 1, whatever the route says."""
        many = "has({r}.backendRefs) && size({r}.backendRefs) > {n}"
        patches = _patches(many, op="add", path="backendRefs/{n}/weight", value=", value: 1")
        with self._rewriting("aiconform-lab-ignore-weights", patches, _sees_equal_weights):
            yield

    @contextmanager
    def ignoring_headers(self) -> Iterator[None]:
        """Mutant: a rule's header matches are not looked at."""
        some = "has({r}.matches) && size({r}.matches) > {n} && has({r}.matches[{n}].headers)"
        patches = _patches(some, op="remove", path="matches/{n}/headers", value="")
        with self._rewriting("aiconform-lab-ignore-headers", patches, _sees_no_headers):
            yield

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Mutant: the class is Accepted, and nobody programs a new Gateway or route."""
        with nobody_behind(
            self.lab,
            "envoy-gateway",
            namespace=self.namespace,
            selector="control-plane=envoy-gateway",
        ):
            yield

    @contextmanager
    def _rewriting(self, name: str, patches: str, rewritten: Any) -> Iterator[None]:
        with rewriting(
            self.lab, name, group=GROUP, version="v1", resource="httproutes",
            condition="has(object.spec.rules)", patches=patches, probe=_probe(),
            rewritten=rewritten,
        ):  # fmt: skip
            yield


@contextmanager
def gateway(lab: Lab) -> Iterator[Gateway]:
    """
    Envoy Gateway with an accepted GatewayClass, for the block.

    Gateways and routes that are left at its end are removed with the API itself.
    """
    controller, proxy = _images(lab)
    found = _rendered(lab, controller=controller, proxy=proxy)
    definitions = [d for d in found if d["kind"] == "CustomResourceDefinition"]
    others = [d for d in found if d["kind"] != "CustomResourceDefinition"]
    with namespace(lab, NAMESPACE), applied(lab, definitions):
        established(lab, definitions)
        with applied(lab, others):
            rolled_out(lab, "deploy/envoy-gateway", namespace=NAMESPACE)
            with applied(lab, _class(proxy)):
                accepted = ("--for=condition=Accepted", "--timeout=90s")
                lab.kubectl("wait", f"gatewayclass/{CLASS}", *accepted)
                try:
                    yield Gateway(lab)
                finally:
                    # A class with Gateways has a finalizer, which only the controller takes off.
                    kinds = f"httproutes.{GROUP},gateways.{GROUP}"
                    lab.kubectl("delete", kinds, "--all", "-A", "--wait=true", "--timeout=90s")
                    # Envoys may wait for minutes for their last connection.
                    now = ("--all", "--grace-period=1", "--wait=false")
                    lab.kubectl("-n", NAMESPACE, "delete", "pods", *now)


def _images(lab: Lab) -> tuple[str, str]:
    """References of the controller's image and of Envoy's, both loaded."""
    binary = programs.binary(programs.GATEWAY, "envoy-gateway")
    controller = programs.load_image(
        lab, "envoy-gateway", {"/envoy-gateway": binary}, "/envoy-gateway"
    )
    envoy = programs.envoy()
    files = {"/envoy": envoy, **_libraries(envoy)}
    return controller, programs.load_image(lab, "envoy", files, "/envoy")


def _libraries(binary: Path) -> dict[str, Path]:
    """The loader and the C library that a binary wants, as they lie on this machine."""
    words = run("ldd", str(binary)).split()
    return {word: Path(word).resolve() for word in words if word.startswith("/")}


def _rendered(lab: Lab, *, controller: str, proxy: str) -> list[dict[str, Any]]:
    """The objects of the chart that the module ships, which lacks only its values file."""
    source = programs.module_folder(programs.GATEWAY, MODULE) / "charts" / "gateway-helm"
    say("installing Envoy Gateway ...")
    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder) / "chart"
        shutil.copytree(source, chart)
        run("chmod", "-R", "u+w", str(chart))
        text = (chart / "values.tmpl.yaml").read_text()
        text = text.replace("${GatewayImage}", controller)
        (chart / "values.yaml").write_text(text.replace("${GatewayImagePullPolicy}", "Never"))
        settings = {
            "global.images.envoyProxy.image": proxy,
            "global.images.envoyProxy.pullPolicy": "Never",
            "topologyInjector.enabled": "false",
            "deployment.envoyGateway.resources.requests.cpu": "10m",
        }
        sets = [f"--set={name}={value}" for name, value in settings.items()]
        where = (f"--namespace={NAMESPACE}", "--include-crds")
        return documents(lab.helm("template", "eg", str(chart), *where, *sets))


def _class(proxy: str) -> list[Manifest]:
    """The GatewayClass, and how its Gateways' Envoys run."""
    container = {"image": proxy, "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}}
    kubernetes = {
        "envoyService": {"type": "ClusterIP"},
        "envoyDeployment": {"container": container},
    }
    reference = {
        "group": "gateway.envoyproxy.io",
        "kind": "EnvoyProxy",
        "name": CLASS,
        "namespace": NAMESPACE,
    }
    return [
        {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "EnvoyProxy",
            "metadata": {"name": CLASS, "namespace": NAMESPACE},
            "spec": {
                "provider": {"type": "Kubernetes", "kubernetes": kubernetes},
                "shutdown": {"drainTimeout": "3s", "minDrainDuration": "1s"},
            },
        },
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "GatewayClass",
            "metadata": {"name": CLASS},
            "spec": {"controllerName": CONTROLLER, "parametersRef": reference},
        },
    ]


def _patches(condition: str, *, op: str, path: str, value: str) -> str:
    """A CEL list with one patch for each entry n of each rule that meets the condition."""
    # CEL has no nested comprehension that yields a flat list: the entries are written out.
    lists = []
    for n in ENTRIES:
        wanted = condition.format(r="object.spec.rules[r]", n=n)
        where = f'"/spec/rules/" + string(r) + "/{path.format(n=n)}"'
        lists.append(
            f"{list(RULES)}.filter(r, r < size(object.spec.rules)).filter(r, {wanted})"
            f'.map(r, JSONPatch{{op: "{op}", path: {where}{value}}})'
        )
    return " + ".join(lists)


def _probe() -> Manifest:
    backends = [{"name": name, "port": 80, "weight": w} for name, w in (("a", 80), ("b", 20))]
    matches = [{"headers": [{"name": "x-probe", "value": "b"}]}]
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "aiconform-lab-probe", "namespace": NAMESPACE},
        "spec": {"rules": [{"matches": matches, "backendRefs": backends}]},
    }


def _sees_equal_weights(route: dict[str, Any]) -> bool:
    return [ref["weight"] for ref in route["spec"]["rules"][0]["backendRefs"]] == [1, 1]


def _sees_no_headers(route: dict[str, Any]) -> bool:
    return "headers" not in route["spec"]["rules"][0]["matches"][0]
