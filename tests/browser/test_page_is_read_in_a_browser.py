"""report.html as readers have it: from a file, without network, small and large cluster."""

import time
from pathlib import Path

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Open

SECTIONS = (
    "next", "requirements", "workloads", "nodes", "accelerators", "interconnect", "timeline",
    "coverage", "environment",
)  # fmt: skip


@pytest.mark.parametrize("which", ["small", "large"])
def test_nothing_is_wrong_and_nothing_leaves_the_page(
    which: str, request: pytest.FixtureRequest, open_page: Open
) -> None:
    path = request.getfixturevalue(which)

    seen = open_page(path)
    for controls in seen.page.locator(".controls").all():
        controls.get_by_role("button", name="Next").click()

    assert seen.errors == []
    outside = [url for url in seen.requests if url != path.as_uri() and url[:5] != "data:"]
    assert outside == []
    # The large run checked no requirement, so nothing is said of workloads.
    sections = [s for s in SECTIONS if s != "workloads" or which == "small"]
    assert [s.get_attribute("id") for s in seen.page.locator("section").all()] == sections


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("which", ["small", "large"])
def test_verdict_and_first_step_are_seen_without_scrolling(
    which: str, size: tuple[int, int], request: pytest.FixtureRequest, open_page: Open
) -> None:
    page = open_page(request.getfixturevalue(which), size=size).page

    for shown in (page.locator(".badge"), page.locator(".finding").first.locator("strong").first):
        box = shown.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size[1]
    assert page.locator(".badge").inner_text().endswith("FAIL")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_large_cluster_opens_quickly_and_is_one_small_file(large: Path, open_page: Open) -> None:
    began = time.monotonic()
    page = open_page(large).page

    assert time.monotonic() - began < 4.0  # under 1 s on an idle machine; CI shares its cores
    assert large.stat().st_size < 2e6
    assert page.locator("tbody tr").count() < 200


def test_node_opens_its_details_by_keyboard_and_gives_focus_back(
    small: Path, open_page: Open
) -> None:
    page = open_page(small).page
    chip = page.locator(".chip", has_text="node3")

    chip.focus()
    page.keyboard.press("Enter")

    details = page.locator("#details")
    assert details.is_visible()
    assert "node3" in details.locator("h3").inner_text()
    assert "gemm.known_answer" in details.inner_text()
    assert "element (3, 5) is 7 and must be 9" in details.inner_text()
    page.keyboard.press("Escape")
    assert details.is_hidden()
    assert chip.evaluate("element => element === document.activeElement")


def test_cell_of_a_large_grid_opens_its_node(large: Path, open_page: Open) -> None:
    page = open_page(large).page
    cells = page.locator("[data-cells] svg").first

    cells.click(position={"x": 14 * 16 + 5, "y": 5})  # the 17th cell of the first row

    assert page.locator("#details h3").inner_text().startswith("node0017")


def test_filter_finds_one_node_among_thousands(large: Path, open_page: Open) -> None:
    page = open_page(large).page
    table = page.locator("#t-nodes")

    table.get_by_role("searchbox").fill("node1234")

    assert table.get_by_role("status").inner_text() == "1–1 of 1"
    assert table.locator("tbody tr").count() == 1
    table.get_by_role("searchbox").fill("")
    table.get_by_role("combobox").select_option("UNKNOWN")
    assert "node0042" in table.locator("tbody").inner_text()


def test_requirement_shows_assertions_and_links_to_evidence(small: Path, open_page: Open) -> None:
    page = open_page(small).page
    row = page.locator("#r-secure_accelerator_access")

    row.locator("summary").click()

    assert "the bystander sees /dev/nvidia0" in row.inner_text()
    assert "expected 4, saw 4" in row.inner_text()
    targets = [link.get_attribute("href") for link in row.locator("a").all()]
    assert "checks/secure_accelerator_access/logs/bystander.log" in targets
    assert "checks/secure_accelerator_access/verdict.json" in targets


def test_requirement_that_fails_is_a_thing_to_do(small: Path, open_page: Open) -> None:
    steps = open_page(small).page.locator(".finding").all_inner_texts()

    assert len(steps) == 3
    assert any("Secure access to accelerators" in step for step in steps)


def test_worst_comes_first_and_unknown_is_no_pass(small: Path, open_page: Open) -> None:
    page = open_page(small).page

    told = page.locator(
        "#requirements > .wide > table > tbody > tr > td:first-child"
    ).all_inner_texts()

    assert [text.split()[-1] for text in told] == ["FAIL", "UNKNOWN", "WARN", "PASS", "SKIP"]


@pytest.mark.parametrize("which", ["small", "large"])
def test_page_without_script_shows_the_worst(
    which: str, request: pytest.FixtureRequest, open_page: Open
) -> None:
    seen = open_page(request.getfixturevalue(which), script=False)

    text = seen.page.locator("body").inner_text()
    assert "FAIL" in text
    assert "What to do next" in text
    assert seen.page.locator("#t-nodes tbody tr").count() > 0
    assert seen.errors == []


def test_page_prints_on_paper(small: Path, open_page: Open, tmp_path: Path) -> None:
    page = open_page(small, dark=True).page
    page.emulate_media(media="print", color_scheme="light")

    printed = page.pdf()

    assert printed.startswith(b"%PDF")
    assert page.locator("nav").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
