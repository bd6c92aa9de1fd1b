"""Heat, errors and a slow link under load are faults of a device; at rest they prove nothing."""

from typing import Any

import pytest

from aiconform.judge import judge
from aiconform.model.verdict import Judgement
from aiconform.model.wire import DeviceTelemetry, Spread, Telemetry
from tests.judge.verdicts import findings, verdict
from tests.support.hosts import device, gemm, hosts_journal
from tests.support.records import _base

NAME = "0000:1b:00.0"


def spread(low: float, high: float | None = None) -> Spread:
    high = low if high is None else high
    return Spread(min=low, median=low, max=high)


def telemetry(about: str = "sustain", **said: Any) -> Telemetry:
    words: dict[str, Any] = {"name": NAME, "samples": 60, "held_back": {}}
    words |= {key: said.pop(key) for key in words.keys() & said.keys()}
    each = DeviceTelemetry(**words, readings=said)
    return Telemetry(**_base(), about=about, seconds=60.0, devices=(each,))


def judged(*records: Telemetry, **changes: Any) -> Judgement:
    return judge(
        hosts_journal(
            {"node1": changes} if changes else {},
            nodes=1,
            exercises=("gemm.known_answer", "gemm.rate"),
            rates={"node1": [gemm(790.0), *records]},
        )
    )


SOUND = {
    "temperature_celsius": spread(40.0, 71.0),
    "temperature_limit_celsius": spread(87.0),
    "uncorrected_errors_count": spread(0.0),
    "corrected_errors_count": spread(4.0, 9.0),
    "link_gigatransfers_per_s": spread(2.5, 32.0),
}


@pytest.mark.parametrize("about", ["sustain", "host.h2d", "gemm.rate"])
def test_sound_device_has_no_finding(about: str) -> None:
    judgement = judged(telemetry(about, held_back={"sw_power_cap": 60}, **SOUND))

    assert findings(judgement) == []
    assert verdict(judgement, "inventory", node="node1").outcome == "PASS"


@pytest.mark.parametrize(
    ("record", "code", "outcome", "said"),
    [
        (telemetry(held_back={"hw_thermal": 12}), "AIC-DEV-007", "FAIL", "12 of 60 samples"),
        (telemetry("gemm.rate", held_back={"hw_slowdown": 5}), "AIC-DEV-007", "WARN", "gemm.rate"),
        (telemetry(temperature_celsius=spread(40, 91), temperature_limit_celsius=spread(87)),
         "AIC-DEV-007", "FAIL", "91 °C during sustain"),
        (telemetry("gemm.rate", uncorrected_errors_count=spread(0, 2)),
         "AIC-DEV-006", "FAIL", "2 uncorrected memory errors during gemm.rate"),
        (telemetry("gemm.rate", corrected_errors_count=spread(7, 900)),
         "AIC-DEV-006", "WARN", "893 corrected memory errors"),
        (telemetry("host.h2d", link_gigatransfers_per_s=spread(2.5, 16)),
         "AIC-DEV-005", "FAIL", "at PCIe 4 while host.h2d copies; both sides can do PCIe 5"),
    ],
)  # fmt: skip
def test_each_fault_under_load_is_one_finding(
    record: Telemetry, code: str, outcome: str, said: str
) -> None:
    judgement = judged(record)

    assert findings(judgement) == [(code, f"node1 {NAME}", outcome)]
    assert said in judgement.findings[0].sentence
    told = verdict(judgement, "inventory", node="node1")
    assert told.outcome == outcome
    assert set(judgement.findings[0].rests_on) <= set(told.rests_on)


@pytest.mark.parametrize(
    "record",
    [
        telemetry(held_back={"hw_thermal": 1}),  # one unlucky look
        telemetry(held_back={"hw_thermal": 61}),  # more than there were samples
        telemetry(held_back=None),
        telemetry(samples=600, about="gemm.rate", held_back={"hw_thermal": 1}),
        telemetry(temperature_celsius=spread(91)),  # nothing to hold it against
        telemetry(temperature_celsius=spread(91), temperature_limit_celsius=spread(0)),
        telemetry(uncorrected_errors_count=spread(3)),  # since before: the inventory tells them
        telemetry(uncorrected_errors_count=spread(-5, 3)),
        telemetry(temperature_celsius=Spread(min=95, median=40, max=91),
                  temperature_limit_celsius=spread(87)),
        telemetry("gemm.rate", link_gigatransfers_per_s=spread(2.5)),  # no bytes went over it
        telemetry("host.h2d", samples=2, link_gigatransfers_per_s=spread(2.5)),
        telemetry("host.h2d", link_gigatransfers_per_s=spread(7.77)),
        telemetry("host.h2d", name="0000:ff:00.0", link_gigatransfers_per_s=spread(2.5)),
    ],
)  # fmt: skip
def test_what_proves_nothing_accuses_nobody(record: Telemetry) -> None:
    assert findings(judged(record)) == []


def test_rare_holding_back_under_lasting_load_is_a_warning() -> None:
    judgement = judged(telemetry(samples=600, held_back={"hw_thermal": 3}))

    assert findings(judgement) == [("AIC-DEV-007", f"node1 {NAME}", "WARN")]


def test_same_fault_at_rest_and_under_load_is_one_finding() -> None:
    hot = tuple(device(n, throttle="hw_thermal" if n == 0 else "") for n in range(8))

    judgement = judged(telemetry(held_back={"hw_thermal": 30}), accelerators=hot)

    assert findings(judgement) == [("AIC-DEV-007", f"node1 {NAME}", "FAIL")]


def test_link_of_an_unknown_slot_is_not_judged() -> None:
    slots = tuple(device(n, max_link_speed=None, path_max_link_speed=None) for n in range(8))

    record = telemetry("host.h2d", link_gigatransfers_per_s=spread(2.5))

    assert findings(judged(record, accelerators=slots)) == []
