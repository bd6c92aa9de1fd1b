"""A ConfigMap has little room: of thousands of waiting nodes, the status names a few."""

import pytest
from pydantic import ValidationError

from aiconform.model.status import Awaited, Status


def status(count: int) -> Status:
    awaited = tuple(
        Awaited(object=f"node node{n}", reason="Starting", sentence="pulling", since=1.0)
        for n in range(count)
    )
    return Status(
        run="run-1", stage="deploy", since=1.0, at=2.0, waiting=awaited, waiting_count=5000
    )


def test_status_comes_back_as_it_was_written() -> None:
    assert Status.model_validate_json(status(20).model_dump_json()) == status(20)


def test_more_than_a_few_are_refused() -> None:
    with pytest.raises(ValidationError, match="waiting"):
        status(21)
