"""Every format, item by item: same items, same outcomes; an UNKNOWN is a pass in none of them."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from junitparser import Error, Failure, JUnitXml, Skipped
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aiconform.model.requirement import Level
from aiconform.model.verdict import Judgement, Outcome, RunVerdict, Verdict
from aiconform.model.waiver import Waiver
from aiconform.report import write_results
from aiconform.report.items import State, items
from aiconform.report.markdown import md_text
from aiconform.report.page.requirements import requirement_lines
from aiconform.report.scrub import printable, xml_text
from tests.browser.runs import requirement
from tests.report.sample import entries, judgement, verdict

WAIVER = Waiver(
    id="AIC-NET-001", scope="*", reason="ticket <7>", owner="fabric team", expiry=date(2027, 3, 31)
)
HOSTILE = 'a|b <b>"x"</b> \\ `c` @team [x](y) https://z \x1b[2J'
Key = tuple[str, str]
Reader = Callable[[Path], dict[Key, State]]


def everything() -> Judgement:
    """Each outcome, required and not, as a verdict and as a requirement."""
    verdicts: list[Verdict] = []
    for outcome in Outcome:
        for required in (True, False):
            name = f"{outcome.value.lower()}-{'must' if required else 'may'}"
            verdicts.append(verdict(outcome, item="memory.copy", node=name, required=required,
                                    sentence=HOSTILE, gbit=1.5))  # fmt: skip
    verdicts.append(verdict(Outcome.FAIL, item="gemm.rate", device=HOSTILE))
    verdicts += [
        verdict(outcome, item="tcp.path", node=f"{outcome.value.lower()}-waived").model_copy(
            update={"waived": WAIVER}
        )
        for outcome in Outcome
        if outcome not in {Outcome.PASS, Outcome.SKIP}
    ]
    requirements = tuple(
        requirement(f"{outcome.value.lower()}_{level.value.lower()}", outcome, HOSTILE, level)
        for outcome in Outcome
        for level in Level
    )
    waived = requirement("waived", Outcome.FAIL, HOSTILE).model_copy(update={"waived": WAIVER})
    requirements = (*requirements, waived)
    return judgement().model_copy(
        update={"verdicts": tuple(verdicts), "requirements": requirements, "sentence": HOSTILE}
    )


def expected(told: Judgement) -> dict[Key, State]:
    return {(item.suite, item.name): item.state for item in items(told)}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("results") / "demo"
    write_results(directory, entries(), everything())
    return directory


def from_summary(directory: Path) -> dict[Key, State]:
    told = json.loads((directory / "summary.json").read_text())
    told = {key: told[key] for key in Judgement.model_fields}
    return expected(Judgement.model_validate_json(json.dumps(told)))


def from_junit(directory: Path) -> dict[Key, State]:
    states: dict[type, State] = {
        Failure: State.FAILED, Error: State.ERRORED, Skipped: State.SKIPPED,
    }  # fmt: skip
    return {
        (suite.name, case.name): states[type(case.result[0])] if case.result else State.PASSED
        for suite in JUnitXml.fromfile(str(directory / "junit.xml"))
        for case in suite
    }


def from_ctrf(directory: Path) -> dict[Key, State]:
    results = json.loads((directory / "ctrf.json").read_text())["results"]
    counts = {s: sum(t["status"] == s for t in results["tests"]) for s in ("passed", "failed")}
    assert counts == {name: results["summary"][name] for name in counts}
    return {
        (test["suite"][0], test["name"]): State.ERRORED
        if test["status"] == "failed" and test["rawStatus"] in {"UNKNOWN", "ERROR"}
        else State(test["status"])
        for test in results["tests"]
    }


def from_sonobuoy(directory: Path) -> dict[Key, State]:
    document = yaml.safe_load((directory / "sonobuoy_results.yaml").read_text())
    assert document["status"] == "failed"
    return {
        (suite["name"], item["name"]): State.ERRORED
        if item["status"] == "unknown"
        else State(item["status"])
        for suite in document["items"]
        for item in suite["items"]
    }


def from_metrics(directory: Path) -> dict[Key, State]:
    text = (directory / "metrics.txt").read_text()
    (family,) = (f for f in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
                 if f.name == "aiconform_item_outcome")  # fmt: skip
    found = {}
    for sample in family.samples:
        labels = sample.labels
        told = verdict(
            Outcome(labels["outcome"]), required=labels["required"] == "true"
        ).model_copy(update={"waived": WAIVER if labels["waived"] == "true" else None})
        (item,) = items(judgement().model_copy(update={"verdicts": (told,)}))
        found[labels["item"], labels["name"]] = item.state
    return found


@pytest.mark.parametrize(
    "read",
    [from_summary, from_junit, from_ctrf, from_sonobuoy, from_metrics],
    ids=["summary", "junit", "ctrf", "sonobuoy", "metrics"],
)
def test_items_and_outcomes_are_those_of_the_one_list(read: Reader, written: Path) -> None:
    shown = xml_text if read is from_junit else printable if read is not from_summary else str

    wanted = {(shown(s), shown(n)): state for (s, n), state in expected(everything()).items()}
    assert read(written) == wanted


def test_markdown_lists_all_that_is_red_and_counts_all(written: Path) -> None:
    text = (written / "summary.md").read_text()

    rows = re.findall(r"^\| (FAIL|ERROR|UNKNOWN|WARN) \| (.*?) \| (.*?) \|", text, re.MULTILINE)
    red = [i for i in items(everything()) if i.state in {State.FAILED, State.ERRORED}]
    warned = [i for i in items(everything()) if i.outcome is Outcome.WARN]
    waived = [i for i in items(everything()) if i.waived and i.outcome is not Outcome.WARN]
    assert sorted(rows) == sorted(
        (i.outcome.value, md_text(i.suite), md_text(i.name)) for i in (*red, *warned, *waived)
    )
    assert "| requirement | 3 | 2 | 2 | 2 | 2 | 2 |" in text


def test_page_has_each_requirement_with_its_outcome() -> None:
    told = everything()

    lines = {line.id: line.outcome for line in requirement_lines(told.requirements)}
    assert lines == {each.id: each.outcome.value for each in told.requirements}


def test_hostile_text_is_text_in_markdown(written: Path) -> None:
    text = (written / "summary.md").read_text()

    assert "<b>" not in text.replace("\\<b\\>", "")
    assert "@team" not in text
    assert "https://" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.ERROR])
def test_unknown_is_a_pass_in_no_format(outcome: Outcome, tmp_path: Path) -> None:
    told = judgement().model_copy(
        update={"verdicts": (verdict(outcome, node="n"),), "verdict": RunVerdict.INCOMPLETE}
    )
    write_results(tmp_path / "demo", entries(), told)

    for read in (from_junit, from_ctrf, from_metrics):
        assert read(tmp_path / "demo") == {("node", "n"): State.ERRORED}


def test_run_that_judged_nothing_is_green_nowhere(tmp_path: Path) -> None:
    told = judgement().model_copy(update={"verdicts": ()})
    write_results(tmp_path / "demo", entries(), told)

    for read in (from_junit, from_ctrf, from_metrics):
        assert read(tmp_path / "demo") == {("run", "cluster"): State.ERRORED}
