"""Bad values, a missing right, an unreachable collector, a full volume: a clear error each."""

from pathlib import Path

import pytest

from e2e import product
from e2e.lab.lab import Lab

pytestmark = pytest.mark.lab

NO_TCP = ("--set", "run.probes.tcp=false")


def test_unknown_values_are_refused_before_anything_is_made(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = product.run(lab, images, results, "--set", "run.profil=quick")

    assert run.exit_code == 2, run.output
    assert "profil" in run.output
    assert "aiconform" not in lab.kubectl("get", "namespaces", "-o", "name")


def test_missing_right_is_named_with_its_verb_and_resource(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = product.run(
        lab, images, results, "--name", "norights", *NO_TCP, "--set", "rbac.tokenReview=false"
    )

    assert run.exit_code in {3, 4}, run.output
    assert "create tokenreviews" in run.output


def test_run_that_may_only_observe_makes_nothing_and_says_what_is_lost(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = product.run(
        lab, images, results, "--name", "observe", "--checks", "dra_support", "--set",
        "run.checks.version=1.35", "--set", "rbac.tier=observe",
    )  # fmt: skip

    assert run.exit_code == 3, run.output
    assert "rbac.tier=full" in run.output
    assert run.verdicts("node") == dict.fromkeys(lab.node_names, "SKIP")
    (requirement,) = run.summary["requirements"]
    assert (requirement["outcome"], requirement["reason"]) == ("UNKNOWN", "NotPermitted")


def test_unreachable_collector_is_said_and_every_node_has_a_reason(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """The collector's Service leads nowhere: agents start, and none gets through."""
    with product.started(
        lab, images, results, "--name", "nocollector", *NO_TCP, "--set", "run.limits.startS=30"
    ) as finish:
        product.wait_for("the Service", lambda: _send_the_service_astray(lab))
        run = finish()

    assert run.exit_code == 3, run.output
    assert set(run.verdicts("node").values()) == {"UNKNOWN"}
    assert any("collector" in sentence for sentence in run.findings()), run.findings()


def _send_the_service_astray(lab: Lab) -> bool:
    """Point the Service at a port that nobody serves; False while there is no Service yet."""
    patch = '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 9}]'
    service = ("-n", product.NAMESPACE, "service", f"{product.RELEASE}-collector")
    if not lab.kubectl("get", *service, "--ignore-not-found", "-o", "name"):
        return False
    lab.kubectl("patch", *service, "--type=json", "--patch", patch)
    return True


@pytest.mark.parametrize(
    ("size", "coverage"),
    [
        pytest.param("64Ki", "PASS", id="no-room-for-the-archive"),
        pytest.param("16Ki", "UNKNOWN", id="no-room-for-the-journal"),
    ],
)
def test_full_results_volume_is_said_and_what_was_gathered_is_there(
    lab: Lab, images: product.ProductImages, results: Path, size: str, coverage: str
) -> None:
    """A whole journal without its archive loses nothing; half a journal is never a whole run."""
    run = product.run(
        lab, images, results, "--name", "full", *NO_TCP, "--set", "results.inMemory=true",
        "--set", f"results.size={size}",
    )  # fmt: skip

    assert run.exit_code == 4, run.output
    assert "space" in run.output.lower() or "volume" in run.output.lower()
    assert set(run.verdicts("node")) == set(lab.node_names), "the survey was gathered, and is lost"
    assert (results / "full" / "summary.json").exists()
    assert run.verdicts("coverage") == {"cluster": coverage}


def test_run_without_probes_takes_seconds_and_is_never_a_pass(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    none = [f"run.probes.{name}=false" for name in ("compute", "memory", "tcp")]

    run = product.run(
        lab, images, results, "--name", "none", *(a for n in none for a in ("--set", n))
    )

    assert run.exit_code == 3, run.output
    assert run.summary["verdict"] == "incomplete"
