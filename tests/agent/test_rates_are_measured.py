"""Rates: a median of samples with its scatter, its unit and what it was measured with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.host_memory import HostCopy, host_buffer
from aiconform.agent.probes.sampling import calls_to_fill, summarise, take_samples
from tests.agent import trees
from tests.agent.support import exercise


def test_gemm_rate_is_a_median_in_teraflops() -> None:
    (rate,) = exercise("gemm.rate", repeats=3).of("measurement")

    assert (rate.device, rate.metric, rate.unit) == ("cpu", "gemm.rate", "teraflops_per_second")
    assert rate.statistic is not None
    assert rate.value == rate.statistic.median > 0
    assert rate.statistic.min <= rate.statistic.median <= rate.statistic.max
    assert rate.params["size"] == 32
    assert rate.params["dtype"] == "float32"


def test_memory_copy_is_of_the_node_itself() -> None:
    (rate,) = exercise("memory.copy", repeats=2).of("measurement")

    assert rate.device is None
    assert rate.unit == "gigabytes_per_second"
    assert rate.value is not None
    assert rate.value > 0
    assert rate.params["bytes"] == 1 << 20


@pytest.mark.parametrize("thread_count", [1, 3])
def test_every_byte_is_copied(thread_count: int) -> None:
    copy = HostCopy((5 << 20) + 7, thread_count=thread_count)

    copy.run()

    assert copy.is_right()


def test_buffer_is_beyond_the_cache_where_memory_allows(tmp_path: Path) -> None:
    files = {**trees.CPU_ONLY, "/proc/meminfo": "MemTotal: 99999999 kB\nMemAvailable: 9999999 kB\n"}
    tree = Tree(trees.plant(files, tmp_path))

    buffer = host_buffer({"scale": "quick"}, tree)

    # The cache of 32 MiB asks for 128 MiB, which an eighth of the limit of 1 GiB just allows.
    assert buffer.size_bytes == 128 << 20
    assert not buffer.reduced


def test_buffer_that_the_memory_limit_shrinks_is_reduced(tmp_path: Path) -> None:
    files = {**trees.CPU_ONLY, "/sys/fs/cgroup/memory.max": str(256 << 20)}
    tree = Tree(trees.plant(files, tmp_path))

    buffer = host_buffer({"scale": "quick"}, tree)

    assert buffer.size_bytes == 1 << 20  # an eighth of the 8 MiB that are available
    assert buffer.reduced


def test_share_of_several_buffers_is_smaller(tmp_path: Path) -> None:
    files = {**trees.CPU_ONLY, "/proc/meminfo": "MemTotal: 99999999 kB\nMemAvailable: 9999999 kB\n"}
    tree = Tree(trees.plant(files, tmp_path))

    buffer = host_buffer({"scale": "quick"}, tree, share=16)

    assert buffer.size_bytes == 64 << 20  # a sixteenth of the limit of 1 GiB
    assert buffer.reduced


def test_scatter_is_scaled_to_a_standard_deviation() -> None:
    found = summarise([10.0, 12.0, 11.0, 40.0])

    assert (found.n, found.median, found.min, found.max) == (4, 11.5, 10.0, 40.0)
    assert found.mad == pytest.approx(1.4826 * 1.0)


def test_scattered_samples_are_taken_again_and_marked() -> None:
    figures = _endless([100.0, 50.0, 80.0, 120.0])

    sampled = take_samples(lambda: next(figures), repeats=4, has_time=lambda: True)

    assert sampled.statistic.n == 12
    assert sampled.noisy


def test_warm_up_ends_when_two_samples_agree() -> None:
    figures = iter([1.0, 5.0, 9.0, 9.1, 10.0, 10.0])

    sampled = take_samples(lambda: next(figures), repeats=2, has_time=lambda: True)

    assert sampled.statistic.min == 10.0
    assert not sampled.noisy


def test_one_sample_is_taken_even_without_time() -> None:
    sampled = take_samples(lambda: 3.0, repeats=9, has_time=lambda: False)

    assert sampled.statistic.n == 1
    assert sampled.cut_short
    assert sampled.fields()["reduced"]


def test_quick_calls_are_batched_within_bounds() -> None:
    assert calls_to_fill(lambda: None, seconds=0.05) == 64


def _endless(figures: list[float]) -> Iterator[float]:
    while True:
        yield from figures
