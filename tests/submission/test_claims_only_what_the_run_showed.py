"""From a run to the checklist: nothing is claimed that the run did not show."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiconform.model.errors import ConfigError, ResultsError
from aiconform.model.requirement import Level, RequirementVerdict
from aiconform.model.verdict import Outcome
from aiconform.report import archive
from aiconform.report.files import write_sums
from aiconform.report.submission import Submission, make_submission, read_checklist
from tests.submission import sample
from tests.submission.sample import VERSIONS, all_pass, levels, verdict

_CLAIMS = {"Implemented", "Partially Implemented"}


@pytest.mark.parametrize("version", VERSIONS)
def test_run_with_every_pass_is_complete_and_lint_clean(version: str, tmp_path: Path) -> None:
    made = _make(tmp_path, all_pass(version), version=version)

    assert made.unsettled == ()
    assert [r for r in made.lint if r.severity == "error"] == []
    assert set(_statuses(made).values()) == {"Implemented"}


@pytest.mark.parametrize("version", VERSIONS)
def test_official_checklist_from_a_tarball_is_lint_clean(version: str, tmp_path: Path) -> None:
    run = sample.results(tmp_path / "demo", all_pass(version), version=version)
    archive(run, tmp_path / "demo.tar.gz")

    made = make_submission(
        tmp_path / "demo.tar.gz",
        checklist=read_checklist(sample.official(version)),
        product=sample.product(),
        directory=tmp_path / f"v{version}" / "turbo",
    )

    assert made.is_clean
    assert made.unsettled == ()


@pytest.mark.parametrize(
    ("outcome", "level", "status"),
    [
        (Outcome.PASS, Level.MUST, "Implemented"),
        (Outcome.PASS, Level.SHOULD, "Implemented"),
        (Outcome.WARN, Level.MUST, "Implemented"),
        (Outcome.WARN, Level.SHOULD, "Partially Implemented"),
        (Outcome.FAIL, Level.MUST, "Not Implemented"),
        (Outcome.FAIL, Level.SHOULD, "Not Implemented"),
        (Outcome.UNKNOWN, Level.MUST, ""),
        (Outcome.UNKNOWN, Level.SHOULD, ""),
        (Outcome.ERROR, Level.MUST, ""),
        (Outcome.ERROR, Level.SHOULD, ""),
    ],
)
def test_status_follows_the_outcome(
    outcome: Outcome, level: Level, status: str, tmp_path: Path
) -> None:
    name = "gang_scheduling" if level is Level.MUST else "workload_sandboxing"

    made = _make(tmp_path, [verdict(name, outcome, level=level)])

    assert _statuses(made)[name] == status


def test_warn_says_in_notes_what_was_missed(tmp_path: Path) -> None:
    made = _make(tmp_path, [verdict("gang_scheduling", Outcome.WARN, sentence="only two devices")])

    notes = _rows(made)["gang_scheduling"]["notes"]
    assert notes == "only two devices With the scheduler that we ship."


def test_unknown_leaves_even_manual_evidence_out(tmp_path: Path) -> None:
    """Documentation does not replace what the run could not test."""
    made = _make(tmp_path, [verdict("gang_scheduling", Outcome.UNKNOWN)])

    row = _rows(made)["gang_scheduling"]
    assert (row["status"], row["evidence"], row["notes"]) == ("", [], "")
    assert "gang_scheduling" in {claim.item.id for claim in made.unsettled}


def test_skip_of_an_autoscaler_is_na_and_settled(tmp_path: Path) -> None:
    """The one MUST for which the validator takes N/A."""
    skipped = verdict("cluster_autoscaling", Outcome.SKIP, sentence="a fixed fleet")

    made = _make(tmp_path, [v for v in all_pass() if v.id != skipped.id] + [skipped])

    assert _statuses(made)["cluster_autoscaling"] == "N/A"
    assert _rows(made)["cluster_autoscaling"]["notes"] == "a fixed fleet"
    assert made.unsettled == ()
    assert made.is_clean


def test_skip_of_another_must_is_na_and_not_settled(tmp_path: Path) -> None:
    made = _make(tmp_path, [verdict("pod_autoscaling", Outcome.SKIP, sentence="no HPA")])

    assert _statuses(made)["pod_autoscaling"] == "N/A"
    assert "pod_autoscaling" in {claim.item.id for claim in made.unsettled}


def test_skip_of_what_applies_everywhere_is_left_empty(tmp_path: Path) -> None:
    made = _make(tmp_path, [verdict("gang_scheduling", Outcome.SKIP)])

    assert _statuses(made)["gang_scheduling"] == ""


def test_requirement_that_the_version_lacks_is_not_added(tmp_path: Path) -> None:
    run = sample.results(tmp_path / "demo", all_pass("1.37"), version="1.33")

    made = _submit(run, tmp_path / "v1.33" / "turbo", version="1.33")

    assert _statuses(made).keys() == levels("1.33").keys()


def test_evidence_lies_beside_and_names_the_test(tmp_path: Path) -> None:
    made = _make(tmp_path, [verdict("gang_scheduling")])

    evidence = _rows(made)["gang_scheduling"]["evidence"]
    base = "evidence/gang_scheduling"
    assert evidence == [
        f"{base}/junit.xml#TestGangScheduling",
        f"{base}/e2e.log#TestGangScheduling",
        f"{base}/results.json#TestGangScheduling",
        f"{base}/verdict.json",
        f"{base}/measurements.json",
        f"{base}/logs/pod-1.txt",
        "https://yoyo.dyne/docs/gangs",
    ]
    assert (made.directory / base / "logs/pod-1.txt").read_text()


def test_failing_artifacts_are_not_referred_to(tmp_path: Path) -> None:
    """A file with any failing test in it is refused, whatever the status."""
    made = _make(tmp_path, [verdict("gang_scheduling", Outcome.FAIL)])

    assert not any(".xml" in link for link in _rows(made)["gang_scheduling"]["evidence"])
    assert not (made.directory / "evidence/gang_scheduling/junit.xml").exists()


def test_older_versions_get_plain_paths(tmp_path: Path) -> None:
    """Their validators take a # for a part of the file's name."""
    made = _make(tmp_path, all_pass("1.36"), version="1.36")

    assert "#" not in "".join(_rows(made)["gang_scheduling"]["evidence"])


def test_run_of_another_version_is_refused_unless_asked_for(tmp_path: Path) -> None:
    run = sample.results(tmp_path / "demo", all_pass(), version="1.36")

    with pytest.raises(ConfigError, match=r"v1\.36\.2.*v1\.37"):
        _submit(run, tmp_path / "out")
    made = _submit(run, tmp_path / "out", other_version=True)

    assert "v1.36.2" in made.remarks[0]
    assert "v1.36.2" in (made.directory / "README.md").read_text()


def test_changed_results_are_refused(tmp_path: Path) -> None:
    run = sample.results(tmp_path / "demo", all_pass())
    (run / "checks/gang_scheduling/measurements.json").write_text("better")

    with pytest.raises(ResultsError, match="was changed"):
        _submit(run, tmp_path / "out")


def test_directory_in_use_is_refused_and_stays(tmp_path: Path) -> None:
    run = sample.results(tmp_path / "demo", all_pass())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")

    with pytest.raises(ConfigError, match="not empty"):
        _submit(run, tmp_path / "out")

    assert (tmp_path / "out" / "mine").read_text() == "mine"


def test_names_of_our_own_on_request(tmp_path: Path) -> None:
    made = _make(tmp_path, [verdict("gang_scheduling", upstream_names=False)])

    first = _rows(made)["gang_scheduling"]["evidence"][0]
    assert first.endswith("aiconform-junit.xml#TestAiconformGangScheduling")
    assert _statuses(made)["gang_scheduling"] == "Implemented"


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: (d / "verdict.json").unlink(),
        lambda d: (d / "verdict.json").write_text("{"),
        lambda d: (d / "junit.xml").unlink(),
        lambda d: (d / "junit.xml").write_text("<testsuites/>"),
        lambda d: (d / "e2e.log").write_text("--- FAIL: TestGangScheduling (1s)"),
        lambda d: (d / "results.json").write_text("{"),
        lambda d: (d / "measurements.json").unlink(),
        lambda d: (d / "measurements.json").write_text(""),
        lambda d: _edit(d, outcome="FAIL"),
        lambda d: _edit(d, evidence=[]),
        lambda d: _edit(d, evidence=["../../summary.json"]),
        lambda d: _edit(d, id="robust_controller"),
        lambda d: _edit(d, steps=[]),
        lambda d: _link(d / "measurements.json"),
        lambda d: _link(d / "junit.xml"),
    ],
)
def test_each_way_of_taking_something_away_takes_the_claim_away(
    damage: Callable[[Path], object], tmp_path: Path
) -> None:
    run = sample.results(tmp_path / "demo", all_pass())
    damage(run / "checks/gang_scheduling")
    write_sums(run)

    statuses = _statuses(_submit(run, tmp_path / "out"))

    assert statuses.pop("gang_scheduling") not in _CLAIMS
    assert set(statuses.values()) == {"Implemented"}


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_worse_results_never_gain_a_claim(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp_path = tmp_path_factory.mktemp("worse")
    outcomes = data.draw(
        st.fixed_dictionaries({n: st.sampled_from(Outcome) for n in levels("1.37")})
    )
    verdicts = [verdict(n, o, level=levels("1.37")[n]) for n, o in outcomes.items()]
    run = sample.results(tmp_path / "demo", verdicts)
    before = _claimed(_submit(run, tmp_path / "before"))

    for _ in range(data.draw(st.integers(1, 4))):
        _worsen(data, run)
    write_sums(run)
    after = _claimed(_submit(run, tmp_path / "after"))

    assert after <= before
    shutil.rmtree(tmp_path)


def _worsen(data: st.DataObject, run: Path) -> None:
    files = sorted(path for path in (run / "checks").rglob("*") if path.is_file())
    if not files:
        return
    path = data.draw(st.sampled_from(files))
    match data.draw(st.sampled_from(["remove", "cut", "outcome", "step", "swap"])):
        case "remove":
            path.unlink()
        case "cut":
            path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, 200))])
        case "swap":
            path.write_text(path.read_text().replace("PASS", "FAIL").replace("pass", "fail"))
        case "outcome":
            worse = data.draw(st.sampled_from(["FAIL", "ERROR", "UNKNOWN", "SKIP"]))
            path.write_text(path.read_text().replace('"outcome": "PASS"', f'"outcome": "{worse}"'))
        case "step":
            path.write_text(path.read_text().replace('"PASS"', '"FAIL"', 2))


def _make(
    tmp_path: Path, verdicts: list[RequirementVerdict], *, version: str = "1.37"
) -> Submission:
    run = sample.results(tmp_path / "demo", verdicts, version=version)
    return _submit(run, tmp_path / f"v{version}" / "turbo", version=version)


def _submit(
    run: Path, directory: Path, *, version: str = "1.37", other_version: bool = False
) -> Submission:
    return make_submission(
        run, checklist=sample.checklist(version), product=sample.product(), directory=directory,
        other_version=other_version,
    )  # fmt: skip


def _rows(made: Submission) -> dict[str, dict[str, Any]]:
    spec = yaml.safe_load((made.directory / "PRODUCT.yaml").read_text())["spec"]
    return {row["id"]: row for rows in spec.values() for row in rows}


def _statuses(made: Submission) -> dict[str, str]:
    return {name: str(row["status"]) for name, row in _rows(made).items()}


def _claimed(made: Submission) -> set[tuple[str, str]]:
    found = {(name, status) for name, status in _statuses(made).items() if status in _CLAIMS}
    return found | {(name, "Partially Implemented") for name, status in found if status}


def _edit(directory: Path, **changes: object) -> None:
    path = directory / "verdict.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _link(path: Path) -> None:
    elsewhere = path.with_name(f"real-{path.name}")
    path.rename(elsewhere)
    path.symlink_to(elsewhere.name)
