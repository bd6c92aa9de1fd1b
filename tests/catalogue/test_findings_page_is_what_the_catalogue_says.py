"""Each code that a report shows has its text in the docs."""

from tools.render_findings import TARGET, render


def test_page_is_up_to_date() -> None:
    assert TARGET.read_text() == render(), "run `make findings`"
