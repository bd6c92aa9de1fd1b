"""Dynamic Resource Allocation with a real driver: it passes, and each broken one fails."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from e2e import foreign, product, requirements
from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "dra_support"
VERSION = "1.35"  # the newest checklist that has it


def check(lab: Lab, images: product.ProductImages, results: Path, *extra: str) -> product.Run:
    return requirements.check(lab, images, results, ID, *extra, version=VERSION)


@pytest.mark.usefixtures("tidy")
def test_driver_that_works_passes_with_its_evidence(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1", "node2"):
        run = check(lab, images, results, "--name", "dra")

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    assert set(requirements.steps(run, ID).values()) == {"PASS"}
    assert run.exit_code == 0
    directory = requirements.directory(run, ID)
    for name in ("verdict.json", "steps.jsonl", "junit.xml", "e2e.log", "results.json",
                 "objects/api.yaml", "objects/claim-first-after.yaml"):  # fmt: skip
        assert (directory / name).stat().st_size, name
    assert "--- PASS: TestAiconformDRASupport" in (directory / "e2e.log").read_text()


def test_same_journal_is_judged_by_every_checklist(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1"):
        run = requirements.check(lab, images, results, ID, "--name", "levels")

    assert requirements.told(run, ID) == ("SKIP", "NotInVersion")  # the lab's is 1.37
    for version, level in (("1.33", "SHOULD"), ("1.34", "MUST"), ("1.35", "MUST")):
        again = lab.shell(
            f"{' '.join(product.aiconform())} report {results}/levels.tar.gz "
            f'--checklist {version} --fail-on never -o json | grep -A3 \'"id": "{ID}"\'',
            cwd=product.ROOT,
        )
        assert f'"level": "{level}"' in again
        assert '"outcome": "PASS"' in again


def test_without_a_driver_only_the_api_is_tested(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = check(lab, images, results, "--name", "bare")

    assert requirements.told(run, ID) == ("WARN", "NoDriver")


@pytest.mark.parametrize(
    ("mutants", "count", "reason"),
    [
        (("shared",), 2, "SameDevice"),
        (("overallocate",), 1, "SameDevice"),
        (("fail",), 2, "NotPrepared"),
    ],
)
def test_mutant_driver_fails(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    mutants: Sequence[str],
    count: int,
    reason: str,
) -> None:
    with Accelerators(lab).dra_driver("node1", count=count, mutants=mutants):
        run = check(lab, images, results, "--name", f"mutant-{mutants[0]}")

    assert requirements.told(run, ID) == ("FAIL", reason), requirements.verdict(run, ID)
    assert run.exit_code == 1


@pytest.mark.usefixtures("tidy")
def test_devices_in_use_are_left_alone(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """A foreign pod holds the only device: nothing is free, and the pod does not notice."""
    accelerators = Accelerators(lab)
    image = accelerators.load_image()
    with (
        accelerators.dra_driver("node1", count=1),
        foreign.holder(lab, image, node="node1") as holder,
    ):
        before = holder.state
        run = check(lab, images, results, "--name", "in-use")
        after = holder.state

    assert requirements.told(run, ID) == ("UNKNOWN", "NoFreeDevice")
    assert after == before
