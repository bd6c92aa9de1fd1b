"""What is waived is shown by every writer, with its owner and its last day, and never as a pass."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from junitparser import JUnitXml, Skipped

from aiconform.judge import judge
from aiconform.model.requirement import Level
from aiconform.model.verdict import Judgement, Outcome, RunVerdict
from aiconform.model.waiver import Waiver, WaiverUse
from aiconform.report import write_results
from aiconform.report.again import with_damage
from aiconform.report.terminal import plain_lines
from tests.browser.runs import requirement
from tests.report.sample import judgement
from tests.support.journals import Faults, run_journal

LAST = date(2027, 3, 31)
ENTRIES = run_journal(Faults(slow={("node3", "send"): 0.3}))
WORDS = "waived by fabric team until 2027-03-31"


def waiver(scope: str = "node3 sending") -> Waiver:
    return Waiver(
        id="AIC-NET-001", scope=scope, reason="ticket 7", owner="fabric team", expiry=LAST
    )


def told(on: date = LAST, *waivers: Waiver) -> Judgement:
    return judge(ENTRIES, waivers=waivers or (waiver(),), on=on)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("results") / "demo"
    write_results(directory, ENTRIES, told())
    return directory


@pytest.mark.parametrize(
    "name", ["junit.xml", "ctrf.json", "summary.md", "sonobuoy_results.yaml", "report.html"]
)
def test_each_file_has_owner_and_last_day(written: Path, name: str) -> None:
    text = " ".join((written / name).read_text().replace("\\-", "-").split())

    assert WORDS in text
    assert "ticket 7" in text


def test_machine_files_have_the_whole_waiver(written: Path) -> None:
    summary = json.loads((written / "summary.json").read_text())
    node = json.loads((written / "nodes" / "node3.json").read_text())

    for found in (summary["findings"][0], node["findings"][0]):
        assert found["waived"]["owner"] == "fabric team"
        assert found["waived"]["expiry"] == "2027-03-31"
    assert summary["verdict"] == "fail"
    assert summary["counts_as"] == "pass_with_warnings"
    assert summary["waivers"][0]["where"] == ["node3 sending"]
    metrics = (written / "metrics.txt").read_text()
    assert 'name="node3",outcome="FAIL",required="true",waived="true"' in metrics


def test_ci_sees_it_skipped_neither_red_nor_passed(written: Path) -> None:
    cases = {
        (suite.name, case.name): case
        for suite in JUnitXml.fromfile(str(written / "junit.xml"))
        for case in suite
    }

    (result,) = cases["node", "node3"].result
    assert isinstance(result, Skipped)
    assert result.message.startswith("FAIL: ")


def test_terminal_has_it_apart_from_what_to_do() -> None:
    lines = plain_lines(told())

    assert "What to do next" not in lines
    waived = lines.index("Waivers")
    assert WORDS in " ".join(" ".join(lines[waived:]).split())
    assert lines[0].endswith("with what is waived set aside it counts as PASS WITH WARNINGS")
    node = next(line for line in lines if line.startswith("  FAIL") and "node3 " in line)
    assert WORDS in node


def test_expired_one_is_told_and_its_finding_is_to_do() -> None:
    lines = plain_lines(told(LAST + timedelta(days=1)))

    assert "What to do next" in lines
    assert any("expired on 2027-03-31" in line for line in lines)
    assert "counts as" not in lines[0]


def test_unused_one_is_told() -> None:
    lines = " ".join(" ".join(plain_lines(told(LAST, waiver("node9 *")))).split())

    assert "unused: the waiver of fabric team for AIC-NET-001 at node9 *" in lines


def test_waived_requirement_is_no_step_and_stays_a_fail() -> None:
    given = waiver().model_copy(update={"id": "gang_scheduling"})
    failed = requirement("gang_scheduling", Outcome.FAIL, "half a gang ran", Level.MUST)
    shown = judgement().model_copy(
        update={
            "requirements": (failed.model_copy(update={"waived": given}),),
            "counts_as": RunVerdict.PASS_WITH_WARNINGS,
            "waivers": (WaiverUse(waiver=given, state="used", where=("cluster",)),),
        }
    )

    lines = plain_lines(shown)

    (row,) = [line for line in lines if line.startswith("  FAIL    gang_scheduling")]
    assert WORDS in row


def test_damaged_journal_is_incomplete_though_all_is_waived() -> None:
    shown = with_damage(told(), ("line 3",))

    assert shown.verdict is RunVerdict.FAIL
    assert shown.counted is RunVerdict.INCOMPLETE
