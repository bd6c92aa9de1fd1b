"""--fail-on moves the line between 0 and the rest; a run that broke is always 4."""

import pytest

from aiconform.model.verdict import FailOn, RunVerdict, exit_code


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [
        ("never", (0, 0, 0, 0, 4)),
        ("fail", (0, 0, 1, 0, 4)),
        ("incomplete", (0, 0, 1, 3, 4)),
        ("warn", (0, 1, 1, 3, 4)),
    ],
)
def test_exit_code_of_each_verdict(fail_on: FailOn, expected: tuple[int, ...]) -> None:
    order = ("pass", "pass_with_warnings", "fail", "incomplete", "error")

    assert tuple(exit_code(RunVerdict(v), fail_on) for v in order) == expected
