"""The chart as Helm renders it, with the questions that tests ask of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from aiconform.cluster.rights import RIGHTS
from aiconform.model.plan import RunConfig
from e2e import product
from e2e.lab.lab import Lab

Json = dict[str, Any]


def render(lab: Lab, *sets: str, release: str = "aiconform", namespace: str = "default") -> "Chart":
    arguments = [arg for value in sets for arg in ("--set", value)]
    text = lab.helm("template", release, str(product.CHART), "--namespace", namespace, *arguments)
    return Chart(tuple(found for found in yaml.safe_load_all(text) if found))


class Chart:
    """The objects of one rendering."""

    def __init__(self, objects: tuple[Json, ...]) -> None:
        self.objects = objects

    def one(self, kind: str, name: str) -> Json:
        (found,) = (o for o in self.of(kind) if o["metadata"]["name"] == name)
        return found

    def of(self, kind: str) -> list[Json]:
        return [found for found in self.objects if found["kind"] == kind]

    @property
    def config(self) -> RunConfig:
        """What the coordinator is told, read as the coordinator reads it."""
        (config,) = (o for o in self.of("ConfigMap") if o["metadata"]["name"].endswith("-config"))
        return RunConfig.model_validate_json(config["data"]["run.json"])

    @property
    def template(self) -> Json:
        (job,) = self.of("Job")
        return dict(job["spec"]["template"])

    @property
    def pod(self) -> Json:
        return dict(self.template["spec"])

    @property
    def container(self) -> Json:
        (container,) = self.pod["containers"]
        return dict(container)

    def env(self) -> dict[str, str]:
        return {e["name"]: e["value"] for e in self.container["env"] if "value" in e}

    def granted(self) -> set[tuple[object, ...]]:
        """Verb, group, resource, names and whether in the namespace alone, of every rule."""
        return {
            right
            for kind, namespaced in (("Role", True), ("ClusterRole", False))
            for role in self.of(kind)
            for rule in role["rules"]
            for right in _rights(rule, namespaced)
        }


def _rights(rule: Mapping[str, Any], namespaced: bool) -> Iterator[tuple[object, ...]]:
    names = frozenset(rule.get("resourceNames", ()))
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                yield verb, group, resource, names, namespaced


def declared(*, job: str = "aiconform", without: str = "") -> set[tuple[object, ...]]:
    return {
        (r.verb, r.group, r.resource, frozenset(r.names_of(job)), r.namespaced)
        for r in RIGHTS
        if not (without and r.switch == without)
    }
