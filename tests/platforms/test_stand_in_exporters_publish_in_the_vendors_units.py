"""Each vendor's names carry that vendor's units, and each mutant spoils just what it says."""

import re

import pytest

from e2e.platforms.standins.vendors import MIB, VENDORS, Reading, render

SAMPLE = re.compile(r"^(\w+)\{.*?\} (\S+)$", re.MULTILINE)
READINGS = [
    Reading(
        index=index,
        uuid=f"ACCEL-{index}",
        node="node1",
        utilization=0.5,
        used_bytes=1024 * MIB,
        total_bytes=4096 * MIB,
        celsius=50.0,
        watts=200.0,
    )
    for index in range(2)
]


def figures(vendor: str, *mutants: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for name, value in SAMPLE.findall(render(VENDORS[vendor], READINGS, mutants=mutants)):
        found.setdefault(name, []).append(float(value))
    return found


@pytest.mark.parametrize(
    ("vendor", "name", "expected"),
    [
        ("nvidia", "DCGM_FI_DEV_GPU_UTIL", 50),
        ("nvidia", "DCGM_FI_DEV_FB_USED", 1024),
        ("nvidia", "DCGM_FI_DEV_FB_FREE", 3072),
        ("amd", "gpu_gfx_activity", 50),
        ("amd", "gpu_total_vram", 4096),
        ("intel", "xpum_engine_group_ratio", 0.5),
        ("intel", "xpum_memory_used_bytes", 1024 * MIB),
        ("gaudi", "habanalabs_power_mW", 200_000),
        ("gaudi", "habanalabs_memory_total_bytes", 4096 * MIB),
        ("neuron", "neuroncore_utilization_ratio", 0.5),
        ("tpu", "duty_cycle", 50),
        ("otel", "hw_gpu_memory_limit_bytes", 4096 * MIB),
    ],
)
def test_figures_have_the_vendors_unit(vendor: str, name: str, expected: float) -> None:
    assert figures(vendor)[name] == pytest.approx([expected, expected], rel=1e-5)


def test_neuron_memory_is_the_sum_of_its_parts() -> None:
    found = figures("neuron")

    parts = [values[0] for name, values in found.items() if "memory_usage" in name]
    assert sum(parts) == pytest.approx(1024 * MIB, rel=1e-4)


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_mutant_without_memory_keeps_everything_else(vendor: str) -> None:
    lost = figures(vendor).keys() - figures(vendor, "no-memory").keys()

    assert lost == {s.name for s in VENDORS[vendor].series if s.quantity == "memory"}


def test_mutant_with_a_wrong_unit_is_implausible() -> None:
    found = figures("nvidia", "wrong-unit")

    assert found["DCGM_FI_DEV_GPU_UTIL"] == [5000, 5000]
    assert found["DCGM_FI_DEV_FB_USED"][0] == pytest.approx(1024 * 2.0**20, rel=1e-4)
    assert found["DCGM_FI_DEV_GPU_TEMP"] == [50, 50]
