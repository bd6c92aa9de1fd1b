"""Runs of the product that check requirements and probe nothing, and what they concluded."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from e2e import product
from e2e.lab.lab import Lab

# Several people may share one lab: each names a release, and with it a namespace, of his own.
RELEASE = os.environ.get("AICONFORM_E2E_RELEASE", product.RELEASE)
_WHERE = ("--release", RELEASE, "-n", RELEASE)

# Of certification 1.35; later ones have more.
MUST = frozenset({
    "accelerator_metrics", "ai_inference", "ai_service_metrics", "cluster_autoscaling",
    "dra_support", "gang_scheduling", "pod_autoscaling", "robust_controller",
    "secure_accelerator_access",
})  # fmt: skip

ONLY = tuple(
    argument
    for probe in ("compute", "memory", "tcp")
    for argument in ("--set", f"run.probes.{probe}=false")
)


def check(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    ids: str,
    *extra: str,
    version: str = "",
    values: Mapping[str, Any] | None = None,
    limit_s: float = 400.0,
) -> product.Run:
    """
    Check these requirements ("a,b" or "all") to the end.

    Args:
        extra: Further arguments of `aiconform run`.
        version: Of the checklist; empty: the cluster's.
        values: Of the chart, beside those of every run on the lab.
        limit_s: A run that takes longer is a failure.
    """
    against = ("--set", f"run.checks.version={version}") if version else ()
    given = values_file(results, values) if values else ()
    asked = (*_WHERE, "--checks", ids, *ONLY, *against, *given, *extra)
    return product.run(lab, images, results, *asked, limit_s=limit_s)


def values_file(results: Path, values: Mapping[str, Any]) -> tuple[str, str]:
    """The argument of a run that gives these values, in a file beside its results."""
    path = results.with_suffix(".values.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))
    return "--values", str(path)


def settings(check: str, **told: Any) -> dict[str, Any]:
    """Values with the site's settings of one check."""
    return {"run": {"checks": {"settings": {check: told}}}}


def verdict(run: product.Run, requirement: str) -> dict[str, Any]:
    """As summary.json has it: outcome, reason, sentence, steps, evidence, …"""
    found = {v["id"]: v for v in run.summary.get("requirements", ())}
    assert requirement in found, run.output
    return dict(found[requirement])


def told(run: product.Run, requirement: str) -> tuple[str, str]:
    """(outcome, reason)."""
    found = verdict(run, requirement)
    return found["outcome"], found["reason"]


def steps(run: product.Run, requirement: str) -> Mapping[str, str]:
    """Step → outcome."""
    return {step["name"]: step["outcome"] for step in verdict(run, requirement)["steps"]}


def directory(run: product.Run, requirement: str) -> Path:
    """`checks/<id>/` of the fetched results."""
    (found,) = run.results.glob(f"*/checks/{requirement}")
    return found


def seen(run: product.Run, requirement: str) -> Mapping[str, Any]:
    """Step → its line of steps.jsonl."""
    lines = (directory(run, requirement) / "steps.jsonl").read_text().splitlines()
    return {line["step"]: line for line in map(json.loads, lines)}
