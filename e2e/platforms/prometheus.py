"""A real Prometheus that scrapes annotated pods, and three ways for it to misbehave."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from e2e.lab.lab import Lab
from e2e.platforms import programs, standin
from e2e.platforms.objects import (
    Manifest,
    applied,
    namespace,
    nobody_behind,
    pod_address,
    rolled_out,
    service_account,
)

NAMESPACE = "platform-prometheus"
NAME = "prometheus"
PORT = 9090
SELECTOR = f"app.kubernetes.io/name={NAME}"
MUTANTS = ("no-discovery", "stale", "no-labels")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Prometheus:
    """Prometheus at work."""

    lab: Lab
    namespace: str = NAMESPACE
    url: str = f"http://{NAME}.{NAMESPACE}.svc:{PORT}"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """
        The result of an instant query: a list of {"metric": labels, "value": [time, text]}.

        Raises:
            OSError: Nobody answers, or the expression is refused.
        """
        address = pod_address(self.lab, SELECTOR, namespace=self.namespace)
        text = urllib.parse.urlencode({"query": expression})
        with DIRECT.open(f"http://{address}:{PORT}/api/v1/query?{text}", timeout=10) as answer:
            return list(json.load(answer)["data"]["result"])

    @contextmanager
    def down(self) -> Iterator[None]:
        """Mutant: the Service is there and nobody behind it."""
        with nobody_behind(self.lab, NAME, namespace=self.namespace, selector=SELECTOR):
            yield


@contextmanager
def prometheus(
    lab: Lab, *, namespaces: Sequence[str] = (), mutant: str | None = None
) -> Iterator[Prometheus]:
    """
    Prometheus with a scrape interval of 2 s, for the block.

    Args:
        lab: A lab that is up.
        namespaces: Where it looks for annotated pods; none: everywhere.
        mutant: "no-discovery" (it finds no target), "stale" (it is given the first page of a
            target for ever), "no-labels" (series lose namespace and pod).
    """
    if mutant not in (None, *MUTANTS):
        raise ValueError(f"no such mutant: {mutant}")
    binary = programs.binary(programs.PROMETHEUS, "prometheus")
    image = programs.load_image(lab, NAME, {"/prometheus": binary}, "/prometheus")
    python = standin.load_image(lab) if mutant == "stale" else ""
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    account = service_account(NAME, namespace=NAMESPACE, rules=rules)
    objects = [
        *account,
        _config(namespaces, mutant),
        standin.source("standins-source", namespace=NAMESPACE),
        _service(),
        _deployment(image, python),
    ]
    with namespace(lab, NAMESPACE), applied(lab, objects):
        rolled_out(lab, f"deploy/{NAME}", namespace=NAMESPACE)
        yield Prometheus(lab)


def _config(namespaces: Sequence[str], mutant: str | None) -> Manifest:
    """Prometheus' own configuration, as a ConfigMap."""
    text = yaml.safe_dump(configuration(namespaces, mutant))
    metadata = {"name": NAME, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"c.yaml": text}}


def configuration(namespaces: Sequence[str], mutant: str | None) -> dict[str, Any]:
    """Scrape pods by their annotations, and say of each series where it comes from."""
    note = "__meta_kubernetes_pod_annotation_prometheus_io_"
    relabel: list[dict[str, Any]] = [
        {"action": "keep", "source_labels": [f"{note}scrape"], "regex": "true"},
        {"action": "keep", "source_labels": ["__meta_kubernetes_pod_phase"], "regex": "Running"},
        {
            "source_labels": ["__meta_kubernetes_pod_ip", f"{note}port"],
            "regex": "(.+);(.+)",
            "replacement": "$1:$2",
            "target_label": "__address__",
        },
        {"source_labels": [f"{note}path"], "regex": "(.+)", "target_label": "__metrics_path__"},
    ]
    if mutant != "no-labels":
        relabel += [
            {"source_labels": [f"__meta_kubernetes_{label}"], "target_label": target}
            for label, target in (("namespace", "namespace"), ("pod_name", "pod"))
        ]
    discovery: dict[str, Any] = {"role": "pod"}
    if namespaces:
        discovery["namespaces"] = {"names": list(namespaces)}
    job: dict[str, Any] = {
        "job_name": "pods",
        "kubernetes_sd_configs": [discovery],
        "relabel_configs": relabel,
    }
    if mutant == "stale":
        job["proxy_url"] = "http://127.0.0.1:3128"
    if mutant == "no-discovery":
        # What a wrong label selector comes to.
        relabel.insert(0, {"action": "keep", "source_labels": ["job"], "regex": "another"})
    return {"global": {"scrape_interval": "2s", "scrape_timeout": "2s"}, "scrape_configs": [job]}


def _service() -> Manifest:
    labels = {"app.kubernetes.io/name": NAME}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {"selector": labels, "ports": [{"name": "web", "port": PORT}]},
    }


def _deployment(image: str, python: str) -> Manifest:
    """Prometheus; with a caching proxy beside it when there is an image to run that."""
    labels = {"app.kubernetes.io/name": NAME}
    mounts = [{"name": "config", "mountPath": "/config"}, {"name": "data", "mountPath": "/data"}]
    main = {
        "name": NAME,
        "image": image,
        "imagePullPolicy": "Never",
        "args": [
            "--config.file=/config/c.yaml",
            "--storage.tsdb.path=/data",
            f"--web.listen-address=:{PORT}",
        ],
        "ports": [{"name": "web", "containerPort": PORT}],
        "resources": {"requests": {"cpu": "10m", "memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": PORT}, "periodSeconds": 1},
        "securityContext": dict(standin.RESTRICTED),
        "volumeMounts": mounts,
    }
    containers = [main]
    if python:
        proxy = standin.container("cache", python, port=3128)
        del proxy["readinessProbe"]
        source = [{"name": "standins", "mountPath": standin.SOURCE_MOUNT}]
        containers.append({**proxy, "volumeMounts": source})
    volumes = [
        {"name": "config", "configMap": {"name": NAME}},
        {"name": "data", "emptyDir": {}},
        {"name": "standins", "configMap": {"name": "standins-source"}},
    ]
    pod = {
        "serviceAccountName": NAME,
        "terminationGracePeriodSeconds": 5,
        "securityContext": {"fsGroup": 65532},
        "containers": containers,
        "volumes": volumes,
    }
    spec = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    metadata = {"name": NAME, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
