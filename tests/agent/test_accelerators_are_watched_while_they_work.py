"""Beside an exercise a child looks at the accelerators; it ends with it and holds nothing up."""

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aiconform.agent.counting import Counting
from aiconform.agent.inventory.live import live, make_reader
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.selftest import run_exercises
from aiconform.agent.sampling import Sampling
from aiconform.agent.tasks import ExerciseOrder
from aiconform.model.wire import Telemetry
from tests.agent import hosts
from tests.agent.support import Collected, environ, silent_log
from tests.agent.trees import CPU_ONLY, plant

AMD = "0000:05:00.0"


def amd_host(root: Path) -> Path:
    files = hosts.mi300x()
    place = f"/sys/devices/pci0000:05/0000:05:01.0/{AMD}/hwmon/hwmon4"
    files |= {f"{place}/temp1_input": "61000\n", f"{place}/temp1_crit": "100000\n",
              f"{place}/freq1_input": "2100000000\n"}  # fmt: skip
    return hosts.plant_host(files, root)


def watched(root: Path, *, seconds: float = 0.0) -> Collected:
    """An exercise of so many seconds in a block with telemetry, read by the collector's rules."""
    collected = Collected()
    sampling = Sampling(environ=environ(), root=str(root), every_s=0.05)
    with sampling.beside("sustain", limit_s=30.0, publish=collected.stream.add):
        time.sleep(seconds)
    return collected


def test_each_given_device_is_told_with_its_spread(tmp_path: Path) -> None:
    (record,) = watched(amd_host(tmp_path), seconds=1.0).records

    assert isinstance(record, Telemetry)
    assert record.about == "sustain"
    assert len(record.devices) == 8
    device = next(each for each in record.devices if each.name == AMD)
    assert device.samples > 1
    assert device.readings["temperature_celsius"].max == 61.0
    assert device.readings["temperature_limit_celsius"].median == 100.0
    assert device.readings["power_watts"].min == 149.0
    assert device.readings["clock_mhz"].median == 2100.0
    assert device.readings["link_gigatransfers_per_s"].max == 32.0
    assert device.held_back is None  # amdgpu does not say it in words


def test_change_while_it_works_shows(tmp_path: Path) -> None:
    root = amd_host(tmp_path)
    heat = next(root.rglob("temp1_input"))
    timer = threading.Timer(0.7, lambda: heat.write_text("88000\n"))
    timer.start()

    (record,) = watched(root, seconds=1.5).records

    timer.join()
    assert isinstance(record, Telemetry)
    device = next(each for each in record.devices if each.name == AMD)
    assert device.readings["temperature_celsius"].max == 88.0


def test_reasons_of_the_hardware_are_counted(tmp_path: Path) -> None:
    root = hosts.plant_host(hosts.intel_max(hot=2), tmp_path)

    (record,) = watched(root, seconds=0.5).records

    assert isinstance(record, Telemetry)
    held = {each.name: each.held_back for each in record.devices}
    assert held["0000:38:00.0"] == {"hw_thermal": record.devices[2].samples}
    assert held["0000:18:00.0"] == {}


def test_node_whose_devices_say_nothing_has_no_record(tmp_path: Path) -> None:
    assert watched(plant(CPU_ONLY, tmp_path)).records == []


def test_exercise_that_ends_at_once_has_one_look(tmp_path: Path) -> None:
    records = watched(amd_host(tmp_path)).records

    assert all(isinstance(record, Telemetry) for record in records)
    assert len(records) <= 1


def test_record_stands_in_the_stream_beside_the_figures(tmp_path: Path) -> None:
    collected = Collected()

    run_exercises(
        [ExerciseOrder("gemm.rate", 30.0, {"scale": "tiny", "repeats": 2})],
        stream=collected.stream,
        engine="python",
        counting=Counting(address="127.0.0.1"),
        environ=environ(),
        log=silent_log(),
        sampling=Sampling(environ=environ(), root=str(amd_host(tmp_path)), every_s=0.05),
    )

    (record,) = collected.of("telemetry")
    (end,) = collected.of("end")
    assert record.about == "gemm.rate"
    assert end.records == len(collected.records) - 1


def test_driver_that_hangs_holds_nothing_up_and_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiconform.agent.sampling.STOP_S", 0.2)
    root = amd_host(tmp_path)
    hung = next(root.rglob("temp1_input"))
    hung.unlink()
    os.mkfifo(hung)  # opening it for reading waits for a writer that never comes
    told: list[Mapping[str, Any]] = []
    sampling = Sampling(environ=environ(), root=str(root), every_s=0.05)
    before = threading.active_count()

    for _ in range(2):
        with sampling.beside("sustain", limit_s=1.0, publish=told.append):
            time.sleep(0.3)

    assert told == []
    assert threading.active_count() <= before + 1  # the second block asked nobody
    deadline = time.monotonic() + 30.0
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() == before  # the hung child was killed


def test_exercise_that_raises_is_not_hidden_by_its_telemetry(tmp_path: Path) -> None:
    sampling = Sampling(environ=environ(), root=str(amd_host(tmp_path)), every_s=0.05)

    with (
        pytest.raises(RuntimeError, match="broken"),
        sampling.beside("sustain", limit_s=5.0, publish=lambda _: None),
    ):
        raise RuntimeError("broken")


def test_what_is_not_told_is_left_out() -> None:
    seen = live({"link_speed": "Unknown", "throttle": None, "details": {"power_watts": "many"}})

    assert seen.readings == {}
    assert seen.held_back_by is None


def test_nothing_that_holds_it_back_is_not_the_same_as_silence() -> None:
    assert live({"throttle": ""}).held_back_by == ()
    assert live({"throttle": "hw_thermal,sw_power_cap"}).held_back_by == (
        "hw_thermal",
        "sw_power_cap",
    )


def test_devices_of_others_are_not_read(tmp_path: Path) -> None:
    files = hosts.mi300x()
    del files["/dev/dri/renderD128"]

    seen = make_reader(Tree(hosts.plant_host(files, tmp_path)))()

    assert AMD not in seen
    assert len(seen) == 7
