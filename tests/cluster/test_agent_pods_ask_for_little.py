"""The agents' objects: `restricted`, pinned to their nodes, owned by the Job, as the site says."""

import json
from typing import Any

from aiconform.cluster.manifests import agent_config_map, agent_daemonset
from aiconform.model.plan import Group, Images, PodSettings, RunConfig

OWNER = {"apiVersion": "batch/v1", "kind": "Job", "name": "aiconform", "uid": "u-1", "x": "y"}
GROUP = Group(name="amd64", nodes=("node1", "node2"), architecture="amd64")


def daemonset(config: RunConfig | None = None, group: Group = GROUP, **more: Any) -> dict[str, Any]:
    return agent_daemonset(
        group=group,
        collector_url="https://10.96.0.7:8443",
        ca_pem=more.pop("ca_pem", "PEM"),
        config=config or RunConfig(name="try"),
        job="aiconform",
        namespace="aiconform",
        owner=OWNER,
        **more,
    )


def pod_of(made: dict[str, Any]) -> dict[str, Any]:
    return dict(made["spec"]["template"]["spec"])


def containers_of(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod_of(made)["initContainers"], *pod_of(made)["containers"]]


def env_of(made: dict[str, Any]) -> dict[str, Any]:
    found = pod_of(made)["containers"][0]["env"]
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in found}


def test_pod_passes_restricted_pod_security() -> None:
    """Source: kubernetes.io/docs/concepts/security/pod-security-standards/#restricted."""
    made = daemonset()
    pod = pod_of(made)

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers_of(made):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert not any("hostPort" in port for port in container.get("ports", ()))
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert {kind for v in pod["volumes"] for kind in v if kind != "name"} <= {
        "configMap", "emptyDir", "projected"
    }  # fmt: skip
    assert pod["automountServiceAccountToken"] is False


def test_agent_is_told_where_it_is_and_whom_to_trust() -> None:
    env = env_of(daemonset(RunConfig(name="try", engine="torch")))

    assert env["AICONFORM_RUN"] == "try"
    assert env["AICONFORM_NODE"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}
    assert env["AICONFORM_POD_IP"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert env["AICONFORM_COLLECTOR"] == "https://10.96.0.7:8443"
    assert env["AICONFORM_ENGINE"] == "torch"
    mounts = {m["mountPath"] for m in pod_of(daemonset())["containers"][0]["volumeMounts"]}
    for key in ("AICONFORM_CA", "AICONFORM_TOKEN"):
        assert env[key].rpartition("/")[0] in mounts


def test_token_is_for_the_collector_alone_and_short_lived() -> None:
    volume = next(v for v in pod_of(daemonset())["volumes"] if v["name"] == "token")

    assert volume["projected"]["sources"] == [
        {
            "serviceAccountToken": {
                "audience": "aiconform",
                "expirationSeconds": 600,
                "path": "token",
            }
        }
    ]


def test_job_owns_everything() -> None:
    config = RunConfig(name="try")
    made = agent_config_map(
        ca_pem="PEM", config=config, job="aiconform", namespace="ns", owner=OWNER
    )

    for found in (daemonset(), made):
        assert found["metadata"]["ownerReferences"] == [
            {key: OWNER[key] for key in ("apiVersion", "kind", "name", "uid")}
        ]
        assert found["metadata"]["labels"]["aiconform/run"] == "try"
        assert found["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "aiconform"
    assert made["data"] == {"ca.crt": "PEM"}
    assert made["metadata"]["namespace"] == "ns"


def test_selector_finds_the_pods_and_site_labels_do_not_break_it() -> None:
    config = RunConfig(name="try", pods=PodSettings(labels={"team": "a", "aiconform/role": "x"}))
    made = daemonset(config)

    labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert (labels["team"], labels["aiconform/role"], labels["aiconform/run"]) == (
        "a", "agent", "try"
    )  # fmt: skip


def test_every_setting_of_the_site_reaches_the_pod() -> None:
    pods = PodSettings(
        tolerations=({"key": "a", "operator": "Exists"},),
        node_selector={"pool": "gpu"},
        affinity={"podAffinity": {"x": 1}},
        resources={"requests": {"cpu": "2"}, "limits": {"memory": "4Gi"}},
        env=({"name": "HTTPS_PROXY", "value": "http://proxy"}, {"name": "HOME", "value": "/root"}),
        annotations={"note": "b"},
        priority_class_name="low",
        runtime_class_name="nvidia",
    )
    images = Images(agent="r/a:1", engine="r/e:1", pull_policy="Never", pull_secrets=("s1", "s2"))
    group = GROUP.model_copy(
        update={"tolerations": ({"key": "a", "operator": "Exists"}, {"key": "b"})}
    )

    made = daemonset(RunConfig(name="try", pods=pods, images=images), group)
    pod = pod_of(made)

    assert pod["tolerations"] == [{"key": "a", "operator": "Exists"}, {"key": "b"}]
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "gpu"}
    assert pod["affinity"]["podAffinity"] == {"x": 1}
    assert (pod["priorityClassName"], pod["runtimeClassName"]) == ("low", "nvidia")
    assert pod["imagePullSecrets"] == [{"name": "s1"}, {"name": "s2"}]
    assert [c["image"] for c in containers_of(made)] == ["r/a:1", "r/e:1"]
    assert {c["imagePullPolicy"] for c in containers_of(made)} == {"Never"}
    assert made["spec"]["template"]["metadata"]["annotations"]["note"] == "b"
    assert env_of(made)["HTTPS_PROXY"] == "http://proxy"
    assert env_of(made)["HOME"] == "/tmp"
    for container in containers_of(made):
        assert container["resources"] == {
            "requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}
        }  # fmt: skip


def test_accelerators_are_asked_for_by_the_engine_alone() -> None:
    made = daemonset(group=GROUP.model_copy(update={"resources": {"nvidia.com/gpu": 4}}))

    agent, engine = containers_of(made)
    assert "nvidia.com/gpu" not in json.dumps(agent)
    assert engine["resources"]["limits"] == {"nvidia.com/gpu": "4"}
    assert engine["resources"]["requests"] == {
        "cpu": "100m", "memory": "256Mi", "nvidia.com/gpu": "4"
    }  # fmt: skip


def test_background_priority_unless_the_site_says_otherwise() -> None:
    assert pod_of(daemonset())["priorityClassName"] == "aiconform-background"


def test_restart_of_all_agents_is_at_once_and_ends_quickly() -> None:
    made = daemonset()

    assert made["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": "100%"}
    assert pod_of(made)["terminationGracePeriodSeconds"] <= 10


def test_agents_of_another_authority_are_replaced_and_others_stay() -> None:
    """A template that is the same starts nothing anew."""
    template = daemonset()["spec"]["template"]

    assert daemonset(ca_pem="PEM")["spec"]["template"] == template
    assert daemonset(ca_pem="another")["spec"]["template"] != template
