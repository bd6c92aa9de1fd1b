"""A series carries out its loads in order, and each tells its own numbers."""

import asyncio
import json

import pytest

from tests.workload.support import echoing, finished


async def test_each_load_of_a_series_tells_its_own_numbers() -> None:
    async with echoing() as (echo, port):
        url = f"http://127.0.0.1:{port}/echo"
        loads = [
            [url, "--nonce", "first", "--count", "3", "-H", "x-aiconform-step: one"],
            [url, "--nonce", "second", "--count", "5", "-H", "x-aiconform-step: two"],
        ]
        done = await asyncio.to_thread(finished, "series", json.dumps(loads))
        counted = {step: tally.new for step, tally in echo.counts.by_step.items()}

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [(line["nonce"], line["answered"]) for line in told] == [("first", 3), ("second", 5)]
    assert counted == {"one": 3, "two": 5}


@pytest.mark.parametrize("words", ["", "nonsense", "[]", "{}", '["http://x"]', '[["ftp://x"]]'])
def test_what_is_no_list_of_loads_is_refused(words: str) -> None:
    assert finished("series", words).returncode == 2
