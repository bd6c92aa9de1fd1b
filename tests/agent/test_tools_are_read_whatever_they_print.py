"""Texts in the shape that vendors' tools have: facts by device; anything else is no fact."""

import ctypes
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.agent.inventory.collect import with_facts
from aiconform.agent.inventory.tools import (
    amd_smi,
    hl_smi,
    neuron_ls,
    nvidia_smi,
    nvml,
    xpu_smi,
)
from aiconform.agent.inventory.tools.ask import Facts, ask_tools, run_tool
from aiconform.agent.inventory.tools.words import bus_address, whole

NVIDIA = """<?xml version="1.0" ?>
<nvidia_smi_log>
  <driver_version>580.95.05</driver_version>
  <gpu id="00000000:1B:00.0">
    <product_name>NVIDIA H100 80GB HBM3</product_name><uuid>GPU-1</uuid>
    <mig_mode><current_mig>Disabled</current_mig></mig_mode>
    <fb_memory_usage><total>81559 MiB</total></fb_memory_usage>
    <clocks_event_reasons>
      <clocks_event_reason_sw_power_cap>Active</clocks_event_reason_sw_power_cap>
      <clocks_event_reason_hw_thermal_slowdown>Not Active</clocks_event_reason_hw_thermal_slowdown>
    </clocks_event_reasons>
    <ecc_errors><volatile>
      <sram_correctable>1</sram_correctable><sram_uncorrectable_parity>0</sram_uncorrectable_parity>
      <dram_correctable>2</dram_correctable><dram_uncorrectable>3</dram_uncorrectable>
    </volatile></ecc_errors>
    <remapped_rows>
      <remapped_row_pending>Yes</remapped_row_pending><remapped_row_failure>No</remapped_row_failure>
    </remapped_rows>
    <temperature><gpu_temp>41 C</gpu_temp></temperature>
  </gpu>
  <gpu id="00000000:2B:00.0"><mig_mode><current_mig>Enabled</current_mig></mig_mode></gpu>
</nvidia_smi_log>"""


def test_nvidia_smi() -> None:
    found = nvidia_smi.parse(NVIDIA)

    first = found["0000:1b:00.0"]
    assert first["memory_bytes"] == 81559 * 1024 * 1024
    assert (first["uncorrected_errors_count"], first["corrected_errors_count"]) == (3, 3)
    assert (first["repair_pending"], first["repair_failed"]) == (True, False)
    assert first["throttle"] == "sw_power_cap"
    assert first["details"] == {"temperature_celsius": 41}
    assert found["0000:2b:00.0"] == {"partition": "MIG"}


def test_amd_smi() -> None:
    static = [
        {"gpu": 0, "asic": {"market_name": "AMD Instinct MI300X", "asic_serial": "0xA1"},
         "bus": {"bdf": "0000:05:00.0"}, "vram": {"size": {"value": 196592, "unit": "MB"}},
         "partition": {"accelerator_partition": "SPX"}},
        {"gpu": 1, "bus": {"bdf": "0000:15:00.0"}, "partition": {"compute_partition": "CPX"}},
    ]  # fmt: skip
    metric = [{"gpu": 1, "ecc": {"total_uncorrectable_count": 2, "total_correctable_count": 0}}]

    found = amd_smi.parse(json.dumps(static), json.dumps({"gpu_data": metric}))

    assert found["0000:05:00.0"]["product"] == "AMD Instinct MI300X"
    assert "partition" not in found["0000:05:00.0"]
    assert found["0000:15:00.0"]["uncorrected_errors_count"] == 2
    assert found["0000:15:00.0"]["partition"] == "CPX"


def test_hl_smi() -> None:
    found = hl_smi.parse(
        "0000:19:00.0, HL-325L, 01P4-HL3090A0, 1.22.0-abc, 131072, 35, 227, 1600, 0, 1\nbroken\n"
    )

    assert found["0000:19:00.0"]["product"] == "HL-325L"
    assert found["0000:19:00.0"]["uncorrected_errors_count"] == 0
    assert list(found) == ["0000:19:00.0"]


def test_neuron_ls() -> None:
    said = [
        {"neuron_device": 0, "bdf": "10:00.0", "connected_to": [12, 3, 4, 1], "nc_count": 8,
         "memory_size": 103079215104, "neuron_processes": []},
    ]  # fmt: skip

    found = neuron_ls.parse(json.dumps(said))

    assert found["/dev/neuron0"] == {
        "pci_address": "0000:10:00.0",
        "memory_bytes": 103079215104,
        "links_up_count": 4,
        "details": {"core_count": 8},
    }


def test_xpu_smi() -> None:
    device = {"device_name": "Intel(R) Data Center GPU Max 1550", "pci_bdf_address": "0000:18:00.0"}

    found = xpu_smi.parse(json.dumps({"device_list": [device]}))

    assert found == {"0000:18:00.0": {"product": "Intel(R) Data Center GPU Max 1550"}}


class FakeNvml:
    """Behaves as the library: writes through the pointers that it is given."""

    lost: tuple[bytes, ...] = ()
    lost_when_asked = False

    def nvmlDeviceGetHandleByPciBusId_v2(self, address: bytes, handle: Any) -> int:  # noqa: N802
        handle._obj.value = 1
        return nvml.GPU_IS_LOST if address in self.lost else 0

    def nvmlDeviceGetName(self, _: Any, buffer: Any, length: Any) -> int:  # noqa: N802
        assert length.value == nvml.TEXT_BYTES
        buffer.value = b"NVIDIA H200"
        return nvml.GPU_IS_LOST if self.lost_when_asked else 0

    def nvmlDeviceGetMemoryInfo(self, _: Any, memory: Any) -> int:  # noqa: N802
        memory._obj.total = 151397597184
        return 0

    def nvmlDeviceGetTotalEccErrors(  # noqa: N802
        self, _: Any, kind: Any, counter: Any, count: Any
    ) -> int:
        assert counter.value == nvml.VOLATILE
        count._obj.value = 5 if kind.value == nvml.CORRECTED else 1
        return 0

    def nvmlDeviceGetRemappedRows(self, _: Any, *numbers: Any) -> int:  # noqa: N802
        numbers[2]._obj.value = 1
        return 0

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, _: Any, bits: Any) -> int:  # noqa: N802
        bits._obj.value = 0x44
        return 0

    def nvmlDeviceGetNvLinkState(self, _: Any, link: ctypes.c_uint, state: Any) -> int:  # noqa: N802
        state._obj.value = int(link.value != 7)
        return 0

    def nvmlDeviceGetPowerUsage(self, _: Any, milliwatts: Any) -> int:  # noqa: N802
        milliwatts._obj.value = 118_500
        return 0

    def nvmlDeviceGetMigMode(self, *_: Any) -> int:  # noqa: N802
        return 3  # not supported


def test_nvml_is_asked_value_by_value() -> None:
    found = nvml.read_devices(FakeNvml(), ["0000:1b:00.0"])["0000:1b:00.0"]

    assert found == {
        "product": "NVIDIA H200",
        "memory_bytes": 151397597184,
        "uncorrected_errors_count": 1,
        "corrected_errors_count": 5,
        "repair_pending": True,
        "repair_failed": False,
        "throttle": "sw_power_cap,hw_thermal",
        "links_up_count": 17,
        "links_count": 18,
        "details": {"power_watts": 118.5},
    }


def test_device_that_nvml_has_lost_says_nothing_else() -> None:
    at_once, later = FakeNvml(), FakeNvml()
    at_once.lost = (b"0000:1b:00.0",)
    later.lost_when_asked = True

    for library in (at_once, later):
        assert nvml.read_devices(library, ["0000:1b:00.0"]) == {"0000:1b:00.0": {"state": "lost"}}


def test_machine_without_the_library_has_none() -> None:
    assert nvml.load() is None


def test_tools_are_asked_for_the_vendors_of_the_pod_alone() -> None:
    asked: list[str] = []

    def execute(words: tuple[str, ...]) -> str | None:
        asked.append(words[0])
        return NVIDIA if words[0] == "nvidia-smi" else None

    found = ask_tools({"nvidia", "habana", "google"}, execute)

    assert sorted(asked) == ["hl-smi", "nvidia-smi"]
    assert "0000:1b:00.0" in found


def test_what_a_tool_says_is_added_to_what_sysfs_says() -> None:
    here = [{"pci_address": "0000:1b:00.0", "device_node": None, "details": {"a": 1}, "numa": 0}]
    facts: Facts = {"0000:1b:00.0": {"product": "X", "details": {"b": 2}}}

    assert with_facts(here, facts) == [
        {**here[0], "product": "X", "details": {"a": 1, "b": 2}},
    ]


def test_tool_that_is_not_there_or_fails_says_nothing() -> None:
    assert run_tool(("no-such-tool-at-all",)) is None
    assert run_tool(("false",)) is None
    assert run_tool(("echo", "hello")) == "hello\n"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["gpu", "bus", "bdf", "ecc", "gpu_data", "neuron_device", "mlas", "device_list",
             "pci_bdf_address", "connected_to", "vram", "size", "value", "partition"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON_VALUES.map(lambda value: json.dumps(value)) | st.text(max_size=200))
def test_no_text_makes_a_parser_fail(printed: str) -> None:
    for parse in (amd_smi.parse, hl_smi.parse, neuron_ls.parse, nvidia_smi.parse, xpu_smi.parse):
        for facts in parse(printed).values():
            json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("00000000:1B:00.0", "0000:1b:00.0"),
        ("1b:00.0", "0000:1b:00.0"),
        ("0001:00:00.0", "0001:00:00.0"),
        ("N/A", None),
        ("", None),
    ],
)
def test_addresses_are_written_in_one_way(words: str, address: str | None) -> None:
    assert bus_address(words) == address


@pytest.mark.parametrize(
    ("value", "number"),
    [("3", 3), ("81559 MiB", 81559), ("N/A", None), (3.0, 3), (True, None), (float("nan"), None),
     (float("inf"), None), ("1.5 W", 1)],
)  # fmt: skip
def test_numbers_are_whole_or_not_known(value: object, number: int | None) -> None:
    assert whole(value) == number
