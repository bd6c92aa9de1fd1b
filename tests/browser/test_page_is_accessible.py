"""What axe-core finds, contrast included, in light and dark; it must be nothing."""

from importlib.resources import files
from typing import Any

import pytest

from tests.browser.conftest import PHONE, Open

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.parametrize(
    ("which", "dark"),
    [("small", False), ("small", True), ("large", False)],
    ids=["small-light", "small-dark", "large-light"],
)
def test_axe_finds_nothing(
    which: str, dark: bool, request: pytest.FixtureRequest, open_page: Open
) -> None:
    page = open_page(request.getfixturevalue(which), dark=dark, for_axe=True).page
    page.locator("[data-node]").first.click()
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")

    assert _violations(page) == []


def test_axe_finds_nothing_on_a_phone(small: Any, open_page: Open) -> None:
    page = open_page(small, size=PHONE, for_axe=True).page

    assert _violations(page) == []


def _violations(page: Any) -> list[str]:
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]
