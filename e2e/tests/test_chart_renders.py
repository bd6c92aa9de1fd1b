"""What Helm makes of the chart: the coordinator understands it, every value reaches its place."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterable

import pytest

from aiconform.cluster.rights import RIGHTS
from aiconform.model.plan import RunConfig
from e2e import product
from e2e.lab.errors import CommandError
from e2e.lab.lab import Lab
from e2e.tests.rendered_chart import Chart, Json, declared, render

pytestmark = pytest.mark.lab


def test_default_run_is_what_the_program_takes_as_default(lab: Lab) -> None:
    config = render(lab).config

    ours = RunConfig(name="aiconform-1")
    assert config.model_copy(update={"images": ours.images, "pods": ours.pods}) == ours
    assert config.images.agent == "aiconform/coordinator:0.1.0"
    assert config.images.engine == "aiconform/engine:0.1.0"
    assert config.pods.priority_class_name == "aiconform-background"


def test_rights_are_exactly_those_that_the_program_declares(lab: Lab) -> None:
    assert render(lab).granted() == declared()
    assert render(lab, release="other").granted() == declared(job="other")


@pytest.mark.parametrize("switch", sorted({r.switch for r in RIGHTS if r.switch}))
def test_a_right_can_be_left_out(lab: Lab, switch: str) -> None:
    granted = render(lab, f"{switch}=false").granted()

    assert granted == declared(without=switch)
    assert granted < declared()


def test_without_rbac_nothing_is_granted(lab: Lab) -> None:
    chart = render(lab, "rbac.create=false")

    assert not chart.granted()
    assert not chart.of("RoleBinding")
    assert not chart.of("ClusterRoleBinding")


def test_one_registry_moves_every_image(lab: Lab) -> None:
    chart = render(
        lab, "global.imageRegistry=mirror.example.com:5000/ai", "image.repository=ghcr.io/a/c",
        "engineImage.repository=site/pytorch", "engineImage.tag=26.10", "image.tag=12",
    )  # fmt: skip

    assert chart.container["image"] == "mirror.example.com:5000/ai/a/c:12"
    assert chart.config.images.agent == chart.container["image"]
    assert chart.config.images.engine == "mirror.example.com:5000/ai/site/pytorch:26.10"


def test_digest_takes_the_place_of_the_tag(lab: Lab) -> None:
    digest = f"sha256:{'a' * 64}"

    chart = render(lab, f"image.digest={digest}", "image.tag=9", "image.pullPolicy=Always")

    assert chart.container["image"] == f"aiconform/coordinator@{digest}"
    assert chart.container["imagePullPolicy"] == chart.config.images.pull_policy == "Always"


def test_pull_secrets_reach_every_pod(lab: Lab) -> None:
    registry = {"name": "site", "server": "r.example.com", "username": "reader", "password": "p:w"}
    sets = [f"global.registries[0].{key}={value}" for key, value in registry.items()]

    chart = render(lab, "global.imagePullSecrets[0]=given", "namespace.name=ai", *sets)

    secret = chart.one("Secret", "aiconform-registry-site")
    auths = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]
    assert base64.b64decode(auths["r.example.com"]["auth"]) == b"reader:p:w"
    assert secret["metadata"]["namespace"] == "ai"
    names = ["given", "aiconform-registry-site"]
    assert [found["name"] for found in chart.pod["imagePullSecrets"]] == names
    assert list(chart.config.images.pull_secrets) == names


def test_proxy_reaches_every_pod_and_spares_the_cluster(lab: Lab) -> None:
    chart = render(lab, "proxy.httpsProxy=http://proxy:3128", "proxy.noProxy=.example.com")

    agents = {str(e["name"]): str(e["value"]) for e in chart.config.pods.env}
    for env in (chart.env(), agents):
        assert env["HTTPS_PROXY"] == env["https_proxy"] == "http://proxy:3128"
        assert "HTTP_PROXY" not in env
        assert {".example.com", ".svc", "$(KUBERNETES_SERVICE_HOST)"} <= set(
            env["NO_PROXY"].split(",")
        )


def test_labels_reach_every_object_and_pod_and_never_replace_ours(lab: Lab) -> None:
    chart = render(
        lab, "commonLabels.team=ai", "commonLabels.aiconform/role=mine", "podLabels.queue=low",
        "pods.labels.only=agents", "coordinator.labels.only=coordinator",
    )  # fmt: skip

    assert all(found["metadata"]["labels"]["team"] == "ai" for found in chart.objects)
    ours = chart.template["metadata"]["labels"]
    assert ours["aiconform/role"] == "coordinator"
    assert (ours["team"], ours["queue"], ours["only"]) == ("ai", "low", "coordinator")
    theirs = chart.config.pods.labels
    assert (theirs["team"], theirs["queue"], theirs["only"]) == ("ai", "low", "agents")


@pytest.mark.parametrize("part", ["pods", "coordinator"])
def test_pod_settings_reach_their_pods(lab: Lab, part: str) -> None:
    chart = render(
        lab, f"{part}.tolerations[0].key=team", f"{part}.tolerations[0].operator=Exists",
        f"{part}.nodeSelector.kubernetes\\.io/hostname=node4",
        f"{part}.affinity.nodeAffinity.x=y", f"{part}.resources.limits.cpu=2",
        f"{part}.env[0].name=A", f"{part}.env[0].value=b", f"{part}.annotations.note=on",
        f"{part}.priorityClassName=low", f"{part}.runtimeClassName=gvisor",
    )  # fmt: skip

    found = _settings(chart)[part]
    assert found["tolerations"] == [{"key": "team", "operator": "Exists"}]
    assert found["nodeSelector"] == {"kubernetes.io/hostname": "node4"}
    assert found["affinity"] == {"nodeAffinity": {"x": "y"}}
    assert found["resources"]["limits"]["cpu"] == 2
    assert {"name": "A", "value": "b"} in found["env"]
    assert found["annotations"]["note"] == "on"
    assert found["priorityClassName"] == "low"
    assert found["runtimeClassName"] == "gvisor"


def _settings(chart: Chart) -> dict[str, Json]:
    template = chart.template
    annotations = {"annotations": template["metadata"]["annotations"]}
    return {
        "coordinator": {**chart.container, **template["spec"], **annotations},
        "pods": chart.config.pods.model_dump(mode="json", by_alias=True),
    }


def test_everything_goes_to_the_namespace_chosen_and_it_is_restricted(lab: Lab) -> None:
    chart = render(lab, "namespace.name=ai", "results.persistence=true")

    labels = chart.one("Namespace", "ai")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
    assert _namespaces(chart.objects) == {"ai"}
    (binding,) = chart.of("ClusterRoleBinding")
    assert binding["subjects"][0]["namespace"] == "ai"
    assert binding["metadata"]["name"].startswith("ai-aiconform")


def _namespaces(objects: Iterable[Json]) -> set[str]:
    cluster_wide = {"Namespace", "PriorityClass", "ClusterRole", "ClusterRoleBinding"}
    return {o["metadata"]["namespace"] for o in objects if o["kind"] not in cluster_wide}


@pytest.mark.parametrize("sets", [("namespace.name=ai",), ()])
def test_no_namespace_is_made_that_is_there(lab: Lab, sets: tuple[str, ...]) -> None:
    chart = render(lab, *sets, namespace="ai")

    assert not chart.of("Namespace")
    assert _namespaces(chart.objects) == {"ai"}


def _claim(name: str) -> Json:
    return {"persistentVolumeClaim": {"claimName": name}}


@pytest.mark.parametrize(
    ("sets", "volume"),
    [
        ((), {"emptyDir": {"sizeLimit": "2Gi"}}),
        (
            ("results.inMemory=true", "results.size=64Ki"),
            {"emptyDir": {"sizeLimit": "64Ki", "medium": "Memory"}},
        ),
        (
            ("results.persistence=true",),
            {"persistentVolumeClaim": {"claimName": "aiconform-results"}},
        ),
        (("results.existingClaim=kept",), {"persistentVolumeClaim": {"claimName": "kept"}}),
    ],
)
def test_results_volume(lab: Lab, sets: tuple[str, ...], volume: Json) -> None:
    chart = render(lab, *sets)

    (found,) = (v for v in chart.pod["volumes"] if v["name"] == "results")
    (mount,) = (m for m in chart.container["volumeMounts"] if m["name"] == "results")
    assert found == {"name": "results", **volume}
    assert mount["mountPath"] == chart.env()["AICONFORM_RESULTS"] == "/results"
    assert bool(chart.of("PersistentVolumeClaim")) == ("results.persistence=true" in sets)


def test_job_ends_by_verdict_and_survives_disruption(lab: Lab) -> None:
    (job,) = render(lab).of("Job")

    # The first rule that matches decides, and a disrupted pod has an exit code as well.
    disruption, exit_codes = job["spec"]["podFailurePolicy"]["rules"]
    assert exit_codes["action"] == "FailJob"
    assert exit_codes["onExitCodes"]["values"] == [1, 2, 3, 4]
    assert disruption["action"] == "Ignore"
    assert disruption["onPodConditions"][0]["type"] == "DisruptionTarget"
    assert "activeDeadlineSeconds" not in job["spec"]
    assert "ttlSecondsAfterFinished" not in job["spec"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_job_can_be_removed_by_itself(lab: Lab) -> None:
    (job,) = render(lab, "coordinator.ttlSecondsAfterFinished=0").of("Job")

    assert job["spec"]["ttlSecondsAfterFinished"] == 0


def test_service_and_policies_find_the_pods(lab: Lab) -> None:
    chart = render(lab)
    labels = chart.template["metadata"]["labels"].items()

    service = chart.one("Service", "aiconform-collector")
    policy = chart.one("NetworkPolicy", "aiconform-coordinator")

    assert service["spec"]["selector"].items() <= labels
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels
    ports = {port["name"]: port["containerPort"] for port in chart.container["ports"]}
    (served,) = service["spec"]["ports"]
    assert served["port"] == ports[served["targetPort"]] == chart.config.collector_port == 8443


def test_policies_can_be_left_to_the_site(lab: Lab) -> None:
    assert not render(lab, "networkPolicy.enabled=false").of("NetworkPolicy")


@pytest.mark.parametrize(
    ("sets", "arguments", "words"),
    [
        (("run.profil=quick",), (), ("/run", "profil")),
        (("run.limits.runS=-1",), (), ("/run/limits/runS",)),
        ((), ("--is-upgrade",), ("helm uninstall", "aiconform")),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(
    lab: Lab, sets: tuple[str, ...], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    command = ["template", "aiconform", str(product.CHART), *arguments]

    with pytest.raises(CommandError) as refused:
        lab.helm(*command, *(arg for value in sets for arg in ("--set", value)))

    for word in words:
        assert word in str(refused.value)


def test_release_name_that_no_object_could_carry_is_refused(lab: Lab) -> None:
    with pytest.raises(CommandError, match="release name"):
        render(lab, release="a.b")


def test_the_api_server_accepts_every_object(lab: Lab) -> None:
    """Pod Security of the namespace included: the Job's pod is `restricted`."""
    sets = ("results.persistence=true", "global.imagePullSecrets[0]=given", "podLabels.a=b")
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": render(lab, *sets).objects})

    answer = lab.kubectl("apply", "--dry-run=server", "-f", "-", input=text)

    assert "job.batch/aiconform created (server dry run)" in answer


def test_helm_finds_nothing_to_complain_about(lab: Lab) -> None:
    assert "0 chart(s) failed" in lab.helm("lint", "--strict", str(product.CHART))


def test_manifests_are_what_the_chart_renders(lab: Lab) -> None:
    command = [sys.executable, "tools/render_manifests.py", "--check"]

    done = subprocess.run(
        command, cwd=product.ROOT, env=lab.env(), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_monitoring_is_off_until_it_is_asked_for(lab: Lab) -> None:
    kinds = ("podMonitor", "rules", "dashboard")
    on = render(lab, *(f"monitoring.{kind}.enabled=true" for kind in kinds),
                "monitoring.labels.release=site")  # fmt: skip

    assert not {"PodMonitor", "PrometheusRule"} & {each["kind"] for each in render(lab).objects}
    (monitor,), (rule,) = on.of("PodMonitor"), on.of("PrometheusRule")
    assert monitor["spec"]["selector"]["matchLabels"]["aiconform/role"] == "coordinator"
    assert [rule["metadata"]["labels"]["release"], monitor["metadata"]["labels"]["release"]] == [
        "site", "site"
    ]  # fmt: skip
    # Helm leaves the alerts' own templates alone.
    assert "{{ $value }}" in str(rule["spec"]["groups"])
    dashboard = on.one("ConfigMap", "aiconform-dashboard")
    assert json.loads(dashboard["data"]["aiconform.json"])["uid"] == "aiconform"


def test_schedule_makes_a_cron_job_of_the_same_pod(lab: Lab) -> None:
    one, many = render(lab), render(lab, "schedule.cron=0 3 * * 6", "schedule.keepResults=4")

    assert not many.of("Job")
    (cron,) = many.of("CronJob")
    assert (cron["spec"]["schedule"], cron["spec"]["concurrencyPolicy"]) == ("0 3 * * 6", "Forbid")
    (job,) = one.of("Job")
    theirs, ours = cron["spec"]["jobTemplate"]["spec"], job["spec"]
    env = theirs["template"]["spec"]["containers"][0].pop("env")
    before = ours["template"]["spec"]["containers"][0].pop("env")
    assert theirs == ours
    added = {each["name"]: each for each in env if each not in before}
    assert added.keys() == {"AICONFORM_KEEP_RESULTS", "AICONFORM_JOB_NAME", "AICONFORM_JOB_UID"}
    assert added["AICONFORM_KEEP_RESULTS"]["value"] == "4"
    assert many.one("ConfigMap", "aiconform-config")["data"]["schedule"] == "0 3 * * 6"


def test_claim_of_a_schedule_has_one_folder_for_all_its_runs(lab: Lab) -> None:
    chart = render(lab, "schedule.cron=@daily", "results.existingClaim=site")

    (cron,) = chart.of("CronJob")
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (results,) = [m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "results"]
    assert results["subPath"] == "aiconform"
