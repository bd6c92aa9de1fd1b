"""
A real headless browser, and pages of runs as files.

The browser lives as long as this package's tests: playwright's event loop runs in this thread, and
tests with a loop of their own could not run beside it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.browser.chromium import chromium
from tests.browser.runs import large_page, small_page

ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb")
DESKTOP = (1280, 900)
PHONE = (390, 844)


@dataclass
class Seen:
    """An open page, and everything that must not have happened on it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Seen]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """report.html of four nodes with planted faults and requirements of every outcome."""
    return _written(tmp_path_factory, "small", small_page())


@pytest.fixture(scope="package")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """report.html of 2,000 nodes, one of them slow to send, one lost."""
    return _written(tmp_path_factory, "large", large_page())


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    contexts: list[BrowserContext] = []

    def opened(
        path: Path,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        script: bool = True,
        for_axe: bool = False,
    ) -> Seen:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            bypass_csp=for_axe,  # axe is a script of ours, brought in from outside
        )
        contexts.append(context)
        seen = Seen(context.new_page())
        seen.page.on("console", lambda message: seen.errors.append(message.text))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(_address(request)))
        seen.page.goto(path.as_uri())
        if script:
            seen.page.wait_for_selector("html[data-ready]", timeout=20_000)
        return seen

    yield opened
    for context in contexts:
        context.close()


def _address(request: Request) -> str:
    return request.url[:200]


def _written(factory: pytest.TempPathFactory, name: str, text: str) -> Path:
    path = factory.mktemp(name) / "report.html"
    path.write_text(text, encoding="utf-8")
    return path
