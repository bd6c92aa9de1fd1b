"""values.schema.json lets a site say what it needs, and refuses what nobody could act on."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.chart.chart_files import merged, schema, values

DIGEST = "sha256:" + "0" * 64


def complaints(changes: Mapping[str, Any]) -> list[str]:
    """What the schema says against the chart's values with these on top: "path: message"."""
    errors = Draft202012Validator(schema()).iter_errors(merged(changes))
    return [f"{error.json_path.removeprefix('$.')}: {error.message}" for error in errors]


def test_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(schema())


def test_defaults_are_accepted() -> None:
    assert complaints({}) == []


@pytest.mark.parametrize(
    "good",
    [
        {"run": {"name": "night-42", "profile": "thorough", "limits": {"holdS": 0, "runS": 0.5}}},
        {"run": {"engine": "site.engine", "failOn": "never", "collectorPort": 9}},
        {"run": {"accelerators": {"extraResources": ["example.com/accelerator"]}}},
        {"run": {"accelerators": {"extraResources": ["gpu.example.com", "a-1.b"]}}},
        {"image": {"repository": "reg.example.com:5000/team/aiconform", "tag": 12}},
        {"image": {"repository": "aiconform", "digest": DIGEST, "pullPolicy": "Never"}},
        {"engineImage": {"repository": "ghcr.io/site/pytorch", "tag": "26.10-py3"}},
        {"global": {"imageRegistry": "reg.example.com/mirror", "storageClass": "of another chart"}},
        {
            "global": {
                "imagePullSecrets": ["site-pull"],
                "registries": [
                    {"name": "site", "server": "r.example.com", "username": "u", "password": "p"}
                ],
            }
        },
        {"pods": {"tolerations": [{"key": "team", "operator": "Exists", "effect": "NoSchedule"}]}},
        {"pods": {"resources": {"limits": {"memory": "2Gi", "cpu": 2, "example.com/nic": "1"}}}},
        {"pods": {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}},
        {"coordinator": {"nodeSelector": {"kubernetes.io/hostname": "node4"}}},
        {"coordinator": {"ttlSecondsAfterFinished": 0}},
        {"results": {"size": "64Ki", "inMemory": True}},
        {"results": {"existingClaim": "results"}},
        {"proxy": {"httpsProxy": "http://proxy.example.com:3128", "noProxy": "10.0.0.0/8"}},
        {"rbac": {"tokenReview": False}},
        {"schedule": {"cron": "*/30 2-4 * * 1,6", "timeZone": "Europe/Berlin", "keepJobs": 0}},
        {"schedule": {"cron": "@weekly"}},
        {"run": {"nodes": ["node1", "gpu-7.example.com"]}},
        {"monitoring": {"podMonitor": {"enabled": True, "interval": "30s"}}},
        {"networkPolicy": {"agentEgress": [{"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}]}]}},
    ],
)
def test_what_a_site_needs_is_accepted(good: dict[str, Any]) -> None:
    assert complaints(good) == []


@pytest.mark.parametrize(
    ("bad", "where", "what"),
    [
        ({"run": {"profil": "quick"}}, "run", "profil"),
        ({"runs": {}}, "$", "runs"),
        ({"run": {"profile": "fast"}}, "run.profile", "fast"),
        ({"run": {"name": "Night_42"}}, "run.name", "Night_42"),
        ({"run": {"name": "a" * 41}}, "run.name", "a" * 41),
        ({"run": {"images": {"agent": "x"}}}, "run", "images"),
        ({"run": {"limits": {"runS": 0}}}, "run.limits.runS", "0"),
        ({"run": {"limits": {"startS": -1}}}, "run.limits.startS", "-1"),
        ({"run": {"limits": {"selfS": "5m"}}}, "run.limits.selfS", "5m"),
        ({"run": {"probes": {"tpc": False}}}, "run.probes", "tpc"),
        ({"run": {"probes": {"tcp": "no"}}}, "run.probes.tcp", "no"),
        ({"run": {"collectorPort": 70000}}, "run.collectorPort", "70000"),
        ({"run": {"engine": "rm -rf"}}, "run.engine", "rm -rf"),
        ({"run": {"accelerators": {"extraResources": ["gpu"]}}}, "extraResources[0]", "gpu"),
        ({"run": {"accelerators": {"extraResources": ["Gpu.x"]}}}, "extraResources[0]", "Gpu.x"),
        ({"run": {"accelerators": {"extraResources": ["a..b"]}}}, "extraResources[0]", "a..b"),
        ({"image": {"repository": "aiconform:latest"}}, "image.repository", "aiconform:latest"),
        ({"image": {"tag": "a/b"}}, "image.tag", "a/b"),
        ({"image": {"digest": "latest"}}, "image.digest", "latest"),
        ({"image": {"pullPolicy": "never"}}, "image.pullPolicy", "never"),
        ({"global": {"imageRegistry": "https://reg"}}, "global.imageRegistry", "https://reg"),
        ({"global": {"registries": [{"name": "site"}]}}, "global.registries[0]", "server"),
        ({"namespace": {"name": "AI"}}, "namespace.name", "AI"),
        ({"podLabels": {"team": 7}}, "podLabels.team", "7"),
        ({"pods": {"tolerations": [{"keys": "a"}]}}, "pods.tolerations[0]", "keys"),
        ({"pods": {"resources": {"limits": {"memory": "2GB"}}}}, "limits.memory", "2GB"),
        ({"coordinator": {"ttlSecondsAfterFinished": -1}}, "ttlSecondsAfterFinished", "-1"),
        ({"schedule": {"cron": "0 3 * *"}}, "schedule.cron", "0 3 * *"),
        ({"schedule": {"keepResults": 0}}, "schedule.keepResults", "0"),
        ({"run": {"nodes": ["Node 1"]}}, "run.nodes[0]", "Node 1"),
        ({"monitoring": {"podMonitor": {"interval": "often"}}}, "podMonitor.interval", "often"),
        ({"results": {"size": "big"}}, "results.size", "big"),
        ({"proxy": {"httpProxy": "proxy:3128"}}, "proxy.httpProxy", "proxy:3128"),
    ],
)
def test_nonsense_is_refused_by_name(bad: dict[str, Any], where: str, what: str) -> None:
    found = complaints(bad)

    assert found
    path, _, message = found[0].partition(": ")
    assert path.endswith(where)
    assert what in message


def objects(part: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of an object whose keys are listed."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield path, part
        for key, inner in part.items():
            yield from objects(inner, f"{path}.{key}")


def test_every_object_of_ours_is_closed() -> None:
    """A misspelt name anywhere is an error; only `global` belongs to other charts, too."""
    open_ones = [path for path, found in objects(schema()) if found.get("additionalProperties", 1)]

    assert open_ones == ["$.properties.global"]


def test_values_yaml_shows_every_value_that_the_schema_knows() -> None:
    """It is the reference: a value that only the schema knows could not be found."""
    assert list(missing(schema(), values(), schema()["$defs"])) == []


def missing(
    part: dict[str, Any], shown: Any, defs: dict[str, Any], path: str = ""
) -> Iterator[str]:
    if "$ref" in part:
        part = defs[part["$ref"].rpartition("/")[2]]
    if not isinstance(shown, dict) or path.endswith((".affinity", ".resources")):
        return  # what Kubernetes defines is not repeated
    for key, inner in part.get("properties", {}).items():
        if key not in shown:
            yield f"{path}.{key}"
        else:
            yield from missing(inner, shown[key], defs, f"{path}.{key}")
