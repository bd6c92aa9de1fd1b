"""Do figures follow a load? Compares scrapes of one exporter, as facts (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.accelerator_metrics.manifests import BUFFER_BYTES

Json = Mapping[str, Any]

RISE_RATIO = 0.3
RISE_BYTES = 0.8 * BUFFER_BYTES
# A framework holds memory of its own beside our buffer, but not many times as much: such a rise is
# another unit.
MOST_BYTES = 12.0 * BUFFER_BYTES
STILL_RATIO = 0.1
STILL_BYTES = 0.2 * BUFFER_BYTES
IN_A_ROW = 3  # one alone may be chance


def change(before: Json, sample: Json, device: str) -> tuple[float, float] | None:
    """How much busier the device is, and how many bytes more it holds; None: not told."""
    then, now = before["devices"].get(device), sample["devices"].get(device)
    if not then or not now or None in (*then, *now):
        return None
    return now[0] - then[0], now[1] - then[1]


def risen(before: Json, sample: Json) -> list[str]:
    """The devices that became busy and hold the buffer."""
    changes = {device: change(before, sample, device) for device in before["devices"]}
    return [
        device
        for device, told in changes.items()
        if told is not None and told[0] >= RISE_RATIO and told[1] >= RISE_BYTES
    ]


def followed(before: Json, during: Sequence[Json]) -> list[str]:
    """Devices that have risen in each of the last scrapes."""
    if len(during) < IN_A_ROW:
        return []
    told = [risen(before, sample) for sample in during[-IN_A_ROW:]]
    return [device for device in told[0] if all(device in each for each in told)]


def moved_otherwise(before: Json, during: Sequence[Json], device: str) -> list[str]:
    """Other devices whose utilization changed, though nobody asked them to."""
    return [
        other
        for other in before["devices"]
        if other != device
        and any(
            (told := change(before, sample, other)) is not None and abs(told[0]) >= STILL_RATIO
            for sample in during
        )
    ]


def is_idle_again(before: Json, sample: Json, devices: Sequence[str]) -> bool:
    """Are these devices as they were?"""
    if sample["problem"]:
        return False
    changes = [change(before, sample, device) for device in devices or before["devices"]]
    return all(
        told is not None and told[0] < STILL_RATIO and told[1] < STILL_BYTES for told in changes
    )


def worked(began: Json, *, engine: str, maker: str) -> bool:
    """
    Was the device itself kept busy?

    Work of the processor stands for it only where the site says so of a device that no known
    vendor makes: test fixtures are such.
    """
    if began.get("event") != "burn.began":
        return False
    return bool(began.get("framework")) or (engine == "none" and not maker)
