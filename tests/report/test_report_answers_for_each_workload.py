"""The page, the summary and the document give each profile's answer, and the same one."""

from aiconform.model.outcome import Outcome
from aiconform.report.items import Telling
from aiconform.report.markdown import markdown
from aiconform.report.page import page
from aiconform.report.page.workloads import workload_lines
from aiconform.report.readiness import answers, document, lines
from aiconform.report.story import tell
from tests.browser.runs import requirement
from tests.report.sample import entries, judgement

CHECKED = judgement().model_copy(
    update={
        "requirements": (
            requirement("gang_scheduling", Outcome.FAIL, "<b>partial</b> | placement"),
            requirement("secure_accelerator_access", Outcome.PASS, "closed"),
            requirement("robust_controller", Outcome.PASS, "it works"),
        )
    }
)


def test_all_formats_give_the_same_answers() -> None:
    found = document(answers(CHECKED), run="demo")
    told = {each["id"]: each["outcome"] for each in found["profiles"]}

    assert told == {
        "distributed_training": "FAIL", "llm_serving": "UNKNOWN",
        "batch_fine_tuning": "UNKNOWN", "notebooks": "WARN",
    }  # fmt: skip
    assert {line.id: line.outcome for line in workload_lines(CHECKED)} == told
    shown = [line for line in lines(answers(CHECKED)) if not line.startswith(" ")]
    assert [line.split()[0] for line in shown] == list(told.values())


def test_summary_has_a_row_for_each_and_no_markup_of_the_run() -> None:
    text = markdown(Telling.of(entries(), CHECKED)).decode()

    assert "### Will it run here?" in text
    rows = [line for line in text.splitlines() if "Distributed training" in line]
    assert len(rows) == 1
    assert "not ready" in rows[0]
    assert "gang" in rows[0]


def test_page_has_the_section_and_a_way_to_it() -> None:
    html = page(tell(entries()), CHECKED)

    assert 'id="workloads"' in html
    assert 'href="#workloads"' in html
    assert "&lt;b&gt;partial&lt;/b&gt;" in html
    assert "<b>partial</b>" not in html


def test_run_that_checked_nothing_says_nothing_of_workloads() -> None:
    assert answers(judgement()) == ()
    assert "Will it run here?" not in markdown(Telling.of(entries(), judgement())).decode()
    assert 'id="workloads"' not in page(tell(entries()), judgement())


def test_document_tells_why_of_each_need() -> None:
    found = document(answers(CHECKED), run="demo")

    training = found["profiles"][0]
    assert (training["answer"], training["missing"]) == (
        "not ready", ["gang_scheduling", "tcp.rate"],
    )  # fmt: skip
    first = training["needs"][0]
    assert (first["kind"], first["outcome"], first["sentence"]) == (
        "check", "FAIL", "<b>partial</b> | placement",
    )  # fmt: skip
