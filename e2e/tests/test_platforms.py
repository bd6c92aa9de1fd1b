"""Every platform piece works on the lab, and each of its mutants misbehaves in plain sight."""

import json
import time
from typing import Any

import pytest

from e2e.lab.accelerators import RESOURCE, Accelerators
from e2e.lab.errors import CommandError
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms import standin
from e2e.platforms.exporters import exporters
from e2e.platforms.gangs import forgotten_groups, partial_gangs
from e2e.platforms.gateway import GROUP, gateway
from e2e.platforms.karpenter import karpenter
from e2e.platforms.metrics_server import metrics_server
from e2e.platforms.objects import applied, items, namespace
from e2e.platforms.operator import operator
from e2e.platforms.prometheus import prometheus
from e2e.platforms.ray_cluster import ray_cluster
from e2e.tests.platform_pods import BURN, NAMESPACE, SERVER, ask, one, pod, pod_spec, service

# Building a program for the first time takes minutes; waiting for a turn on the lab does not count.
pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.timeout(1500, func_only=True),
]
SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": "8000"}


@pytest.fixture(scope="module")
def image(lab: Lab) -> str:
    return standin.load_image(lab)


def test_stand_in_operator_refuses_reconciles_and_heals_and_its_mutants_do_not(
    lab: Lab, image: str
) -> None:
    good = ray_cluster("good", image, namespace=NAMESPACE)
    bad = ray_cluster("bad", image, namespace=NAMESPACE, groups=("a", "a"))
    denial = 'admission webhook "vraycluster.kb.io" denied the request'
    with namespace(lab, NAMESPACE), operator(lab) as found:
        assert dry_run(lab, good) == ""
        assert denial in dry_run(lab, bad)
        with found.mutant("accepts-anything"):
            assert dry_run(lab, bad) == ""
        with found.elsewhere():
            wait_for("the selector", lambda: dry_run(lab, bad) == "", limit_s=20)
        with found.untrusted():
            wait_for("the CA", lambda: "failed to verify" in dry_run(lab, bad), limit_s=20)
        with found.dead_webhook(policy="Fail"):
            assert "failed calling webhook" in dry_run(lab, good)
        with found.dead_webhook(policy="Ignore"):
            wait_for("the policy", lambda: dry_run(lab, bad) == "", limit_s=20)
        wait_for("the webhook", lambda: denial in dry_run(lab, bad), limit_s=20)

        with applied(lab, [good]):
            wait_for("the cluster", lambda: state(lab) == "ready", limit_s=90)
            lab.kubectl("-n", NAMESPACE, "delete", "pod", "good-small-0")
            wait_for("a new pod", lambda: "good-small-0" in names(pods(lab)), limit_s=60)
        wait_for("its pods to go", lambda: not pods(lab), limit_s=90)
        with found.mutant("never-reconciles"), applied(lab, [good]):
            time.sleep(5)
            assert state(lab) == ""
            assert not pods(lab)


def test_partial_gang_mutants_place_what_native_scheduling_holds_back(lab: Lab, image: str) -> None:
    with Accelerators(lab).device_plugin("node4", count=2), namespace(lab, NAMESPACE):
        assert bound_of_gang(lab, image, count=2, at_least=2) == 2
        assert bound_of_gang(lab, image, count=3, at_least=0) == 0
        with partial_gangs(lab):
            assert bound_of_gang(lab, image, count=3, at_least=2) == 2
        with forgotten_groups(lab):
            assert bound_of_gang(lab, image, count=3, at_least=2) == 2


def test_stand_in_exporter_follows_allocation_and_load_and_its_mutants_do_not(
    lab: Lab, image: str
) -> None:
    spec = pod_spec(image, BURN) | {"nodeSelector": {"kubernetes.io/hostname": "node3"}}
    spec["containers"][0]["resources"] = {"limits": {RESOURCE: "1"}}
    with (
        Accelerators(lab).device_plugin("node3", count=2),
        namespace(lab, NAMESPACE),
        exporters(lab, "node3") as found,
    ):

        def figures(name: str) -> list[float]:
            lines = [li for li in found.page("node3").splitlines() if li.startswith(f"{name}{{")]
            return [float(line.partition("} ")[2].split()[0]) for line in lines]

        def wait(what: str, name: str, expected: list[float]) -> None:
            wait_for(what, lambda: sorted(figures(name)) == expected, limit_s=20)

        used, busy = "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL"
        wait("two idle devices", busy, [0, 0])
        idle = figures(used)
        with applied(lab, [pod("burner", spec)]):
            wait_for("load", lambda: max(figures(busy)) > 50, limit_s=90)
            assert min(figures(busy)) == 0
            wait_for("memory", lambda: max(figures(used)) - max(idle) > 900, limit_s=60)
            assert 'pod="burner"' in found.page("node3")
            with found.mutant("constant"):
                wait("a constant", busy, [5, 5])
            with found.mutant("no-memory"):
                wait("no memory", used, [])
                assert figures("DCGM_FI_DEV_MEM_CLOCK")
            with found.mutant("wrong-unit"):
                wait_for("a wrong unit", lambda: max(figures(used), default=0) > 1e8, limit_s=20)
            with found.mutant("missing-device"):
                wait_for("a missing device", lambda: len(figures(busy)) == 1, limit_s=20)
            with found.mutant("stale"):
                time.sleep(2)
                assert all(
                    len(li.split("} ")[1].split()) == 2 for li in samples(found.page("node3"))
                )
        found.set_load("node3", 0, utilization=0.7, memory_bytes=2**33)
        wait("what was set", busy, [0, 70])


@pytest.mark.parametrize("mutant", [None, "no-discovery", "stale", "no-labels"])
def test_prometheus_collects_and_its_mutants_lose_or_freeze(
    lab: Lab, image: str, mutant: str | None
) -> None:
    spec = pod_spec(image, SERVER, PAGE="# TYPE aiconform_trial gauge\naiconform_trial 1\n")
    app = pod("app", spec, annotations=SCRAPED)
    with (
        namespace(lab, NAMESPACE),
        applied(lab, [app]),
        prometheus(lab, namespaces=[NAMESPACE], mutant=mutant) as found,
    ):

        def seen() -> list[tuple[str | None, str]]:
            result = found.query("aiconform_trial")
            return [(r["metric"].get("pod"), r["value"][1]) for r in result]

        if mutant == "no-discovery":
            time.sleep(15)
            assert seen() == []
            return
        wait_for("a sample", lambda: bool(seen()), limit_s=40)
        lab.kubectl("-n", NAMESPACE, "exec", "app", "--", "python3", "-c", CHANGE)
        time.sleep(6)
        expected = (None if mutant == "no-labels" else "app", "1" if mutant == "stale" else "2")
        assert seen() == [expected]


CHANGE = """
import urllib.request
page = b"# TYPE aiconform_trial gauge\\naiconform_trial 2\\n"
urllib.request.urlopen("http://127.0.0.1:8000/", data=page)
"""


def test_gateway_splits_and_matches_and_its_mutants_ignore_weights_or_headers(
    lab: Lab, image: str
) -> None:
    backends = [pod(name, pod_spec(image, SERVER, PAGE=name)) for name in ("a", "b")]
    client = pod("client", pod_spec(image, "import time; time.sleep(9999)"))
    with gateway(lab) as found, namespace(lab, NAMESPACE):
        spec = {
            "gatewayClassName": found.class_name,
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        }
        door = of_gateway("Gateway", "door", spec)
        with applied(lab, [*backends, service("a"), service("b"), client, door]):
            programmed = ("--for=condition=Programmed", "--timeout=180s")
            lab.kubectl("-n", NAMESPACE, "wait", "gateway/door", *programmed)
            address = one(lab, "gateway/door")["status"]["addresses"][0]["value"]

            def measure(rules: list[dict[str, Any]], *values: str) -> list[dict[str, int]]:
                names = ["trial.aiconform.test"]
                spec = {"parentRefs": [{"name": "door"}], "hostnames": names, "rules": rules}
                with applied(lab, [of_gateway("HTTPRoute", "trial", spec)]):
                    warm = lambda: set(ask(lab, address, count=5)) <= {"a", "b"}  # noqa: E731
                    wait_for("the route", warm, limit_s=60)
                    time.sleep(2)
                    return [ask(lab, address, count=100, value=value) for value in values]

            split = [{"backendRefs": [backend("a", 80), backend("b", 20)]}]
            match = {"headers": [{"name": "x-model", "value": "b"}]}
            header = [
                {"matches": [match], "backendRefs": [backend("b", 1)]},
                {"backendRefs": [backend("a", 1)]},
            ]
            assert 70 <= measure(split, "")[0]["a"] <= 90
            assert measure(header, "b", "", "x") == [{"b": 100}, {"a": 100}, {"a": 100}]
            with found.ignoring_weights():
                assert 40 <= measure(split, "")[0]["a"] <= 60
            with found.ignoring_headers():
                assert measure(header, "b", "", "x") == [{"b": 100}] * 3
            second = of_gateway("Gateway", "second", spec)
            with found.asleep(), applied(lab, [second]):
                time.sleep(10)
                conditions = one(lab, "gateway/second").get("status", {}).get("conditions", [])
                assert not any(c["status"] == "True" for c in conditions)


def test_karpenter_adds_and_removes_and_its_mutants_do_not(lab: Lab) -> None:
    with karpenter(lab) as found, namespace(lab, NAMESPACE):
        trigger = pod("trigger", found.whole_node)

        def running() -> bool:
            return str(one(lab, "pod/trigger")["status"]["phase"]) == "Running"

        with found.never_adding(), applied(lab, [trigger]):
            time.sleep(12)
            assert not found.nodes()
        with applied(lab, [trigger]):
            wait_for("a node and the pod on it", running, limit_s=90)
        wait_for("the node to go", lambda: not found.nodes(), limit_s=150)
        with found.wrong_type(), applied(lab, [trigger]):
            wait_for("a node", lambda: bool(found.nodes()), limit_s=90)
            time.sleep(5)
            assert [n["status"]["allocatable"][found.resource] for n in found.nodes()] == ["0"]
            assert not running()
        lab.kubectl("delete", "nodeclaims", "--all", "--timeout=90s")
        with found.never_removing():
            with applied(lab, [trigger]):
                wait_for("a node and the pod on it", running, limit_s=90)
            time.sleep(75)
            assert len(found.nodes()) == 1


def test_metrics_server_has_figures_of_pods(lab: Lab) -> None:
    with metrics_server(lab):
        wait_for("pods", lambda: "coredns" in lab.kubectl("top", "pods", "-A"), limit_s=60)


def dry_run(lab: Lab, manifest: dict[str, Any]) -> str:
    """Why the API server does not take it; empty when it does."""
    try:
        lab.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(manifest))
    except CommandError as exc:
        return exc.output
    return ""


def state(lab: Lab) -> str:
    return str(one(lab, "raycluster/good").get("status", {}).get("state", ""))


def pods(lab: Lab) -> list[dict[str, Any]]:
    return items(lab, "pods", "-n", NAMESPACE)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [each["metadata"]["name"] for each in found]


def samples(page: str) -> list[str]:
    return [line for line in page.splitlines() if line and not line.startswith("#")]


def backend(name: str, weight: int) -> dict[str, Any]:
    return {"name": name, "port": 8000, "weight": weight}


def of_gateway(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, "spec": spec}


def bound_of_gang(lab: Lab, image: str, *, count: int, at_least: int) -> int:
    """How many pods of a native gang of this size get a node, where two devices are."""
    spec = pod_spec(image, "import time; time.sleep(9999)")
    spec |= {
        "schedulingGroup": {"podGroupName": "gang"},
        "nodeSelector": {"kubernetes.io/hostname": "node4"},
    }
    spec["containers"][0]["resources"] = {"limits": {RESOURCE: "1"}}
    group = {
        "apiVersion": "scheduling.k8s.io/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": "gang", "namespace": NAMESPACE},
        "spec": {"schedulingPolicy": {"gang": {"minCount": count}}},
    }
    with applied(lab, [group, *(pod(f"gang-{n}", spec) for n in range(count))]):

        def bound() -> int:
            return sum("nodeName" in each["spec"] for each in pods(lab))

        wait_for("binding", lambda: bound() >= at_least, limit_s=40)
        time.sleep(4)
        return bound()
