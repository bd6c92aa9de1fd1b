"""What a site does after a finding: waive it, repair it and look again, and run by a schedule."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from e2e import product
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

TCP_ALONE = ("--set", "run.probes.compute=false")
WAIVER = """\
- id: AIC-NET-001
  scope: node3 sending
  reason: a cable is ordered
  owner: fabric-team
  expiry: 2099-12-31
"""


@pytest.mark.usefixtures("tidy")
def test_waived_fault_stays_a_fault_and_turns_no_run_red_and_the_repair_is_seen(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    waivers = results.with_suffix(".waivers.yaml")
    waivers.parent.mkdir(parents=True, exist_ok=True)
    waivers.write_text(WAIVER)
    lab.slow("node3", rate_mbit=300, direction="egress")

    waived = product.run(
        lab, images, results, "--name", "waived", *TCP_ALONE, "--waivers", str(waivers)
    )

    assert waived.exit_code == 0, waived.output
    assert waived.summary["verdict"] == "fail"
    (finding,) = [f for f in waived.summary["findings"] if f["outcome"] == "FAIL"]
    assert finding["waived"]["owner"] == "fabric-team"
    assert "fabric-team" in waived.output

    lab.heal()
    tarball = results / "waived.tar.gz"
    again = product.run(
        lab, images, results, "--name", "again", *TCP_ALONE, "--rerun-failed", str(tarball)
    )

    assert "node3" in again.output
    assert again.verdicts("node")["node3"] == "PASS", again.output
    assert not [f for f in again.summary["findings"] if f["outcome"] == "FAIL"], again.findings()


def test_runs_by_a_schedule_end_one_after_the_other(
    lab: Lab, images: product.ProductImages
) -> None:
    """Every minute; no probe, so that two of them fit into three."""
    off = [f"run.probes.{probe}=false" for probe in ("compute", "memory", "tcp")]
    sets = ["schedule.cron=* * * * *", "run.limits.holdS=0", "run.failOn=fail", *off]
    values = str(product.ROOT / "e2e" / "values.yaml")
    lab.helm(
        "install", "aiconform", str(product.CHART), "--values", values, "--namespace", "scheduled",
        "--create-namespace", *(a for s in (*sets, *images.values) for a in ("--set", s)),
    )  # fmt: skip
    try:
        product.wait_for("two runs", lambda: len(_ended(lab)) >= 2, limit_s=240)
        ended = _ended(lab)
    finally:
        lab.helm("uninstall", "aiconform", "--namespace", "scheduled", "--wait")
        lab.kubectl("delete", "namespace", "scheduled", "--wait=true")

    first, second = sorted(ended, key=lambda job: str(job["status"]["startTime"]))[:2]
    assert first["metadata"]["name"].startswith("aiconform-")
    assert _end(first) <= second["status"]["startTime"]
    # Nothing was tested, which is no PASS; `failOn` says that this makes no Job Failed.
    assert [job["status"].get("succeeded") for job in (first, second)] == [1, 1]


def _ended(lab: Lab) -> list[dict[str, Any]]:
    found = json.loads(lab.kubectl("get", "jobs", "-n", "scheduled", "-o", "json"))["items"]
    return [job for job in found if _end(job)]


def _end(job: Mapping[str, Any]) -> str:
    """When it was Complete or Failed; "" while it runs."""
    conditions = job["status"].get("conditions", ())
    ends = {c["lastTransitionTime"] for c in conditions if c["type"] in {"Complete", "Failed"}}
    return min(ends, default="")
