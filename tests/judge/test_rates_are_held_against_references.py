"""The site's figure decides, else the catalogue's, each stated; beyond the peak it is an error."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.catalogue.accelerators import accelerator_kinds
from aiconform.judge import judge
from aiconform.judge.standards import asked_of, bound_of, standard_for
from aiconform.model.reference import SiteReference
from aiconform.model.verdict import Judgement, Outcome, RunVerdict, Verdict
from aiconform.model.waiver import Waiver
from aiconform.model.wire import Measurement, Statistic
from tests.judge.verdicts import findings, verdict
from tests.support.hosts import device, gemm, hosts_journal
from tests.support.records import answer, measurement

PLANNED = ("gemm.known_answer", "gemm.rate", "host.h2d", "memory.copy")
H100 = "NVIDIA H100 80GB HBM3"


def alone(*rates: Any, references: tuple[SiteReference, ...] = (), **more: Any) -> Verdict:
    """The verdict on the first rate of a node that has no peers."""
    item = rates[0].exercise
    entries = hosts_journal(
        more.pop("changes", {}),
        nodes=1,
        exercises=("gemm.known_answer", item),
        rates={"node1": rates},
        **more,
    )
    return verdict(judge(entries, references=references), item, node="node1", device="cuda:0")


def flat(value: float, *, high: float | None = None) -> dict[str, Any]:
    return {"statistic": Statistic(n=5, median=value, mad=0, min=value, max=high or value)}


@pytest.mark.parametrize(
    ("value", "outcome", "reason"),
    [
        (790.0, "PASS", "AboveReference"),
        (700.0, "WARN", "BelowReference"),  # below 0.92 of what was measured
        (500.0, "FAIL", "BelowReference"),  # below 0.80 of it
        (1040.0, "ERROR", "AbovePeak"),
    ],
)
def test_published_measurement_decides(value: float, outcome: str, reason: str) -> None:
    found = alone(gemm(value, **flat(value)))

    assert (found.outcome, found.reason) == (outcome, reason)
    if outcome != "ERROR":
        assert "ml-engineering" in found.figures[0].compared_with
        assert "confidence" in found.figures[0].compared_with


def test_figure_above_the_peak_is_its_own_finding_and_no_pass() -> None:
    entries = hosts_journal(
        nodes=1, exercises=PLANNED[:2], rates={"node1": [gemm(1500.0, **flat(1500.0))]}
    )

    judgement = judge(entries)

    assert findings(judgement) == [("AIC-DEV-010", "node1 cuda:0", "ERROR")]
    assert judgement.verdict is RunVerdict.INCOMPLETE


def test_one_low_sample_of_several_is_a_warning() -> None:
    found = alone(gemm(500.0, **flat(500.0, high=780.0)))

    assert (found.outcome, found.reason) == ("WARN", "BelowReference")


@pytest.mark.parametrize(("value", "outcome"), [(600.0, "PASS"), (500.0, "FAIL")])
def test_figures_of_the_site_win(value: float, outcome: str) -> None:
    own = SiteReference(
        accelerator="nvidia-h100-sxm5-80gb",
        metric="gemm",
        dtype="bf16",
        value=550.0,
        unit="teraflops_per_second",
        source="acceptance test of May",
    )

    found = alone(gemm(value, **flat(value)), references=(own,))

    assert found.outcome == outcome
    assert "acceptance test of May" in found.sentence


def test_figure_of_the_site_in_another_unit_or_of_another_thing_says_nothing() -> None:
    words: dict[str, Any] = {"metric": "gemm", "dtype": "bf16", "value": 9000.0}
    other = (
        SiteReference(**words, unit="gigaflops_per_second"),
        SiteReference(**words | {"dtype": "fp32"}, unit="teraflops_per_second"),
        SiteReference(**words, unit="teraflops_per_second", accelerator="amd-mi300x-192gb"),
    )

    assert alone(gemm(790.0), references=other).outcome is Outcome.PASS


def h2d(value: float, *, pinned: bool = True) -> Measurement:
    params = {"bytes": 1 << 30, "pinned": pinned, "product": H100}
    return measurement("host.h2d", value, device="cuda:0", params=params, **flat(value))


@pytest.mark.parametrize(("value", "outcome"), [(54.0, "PASS"), (40.0, "FAIL"), (67.0, "ERROR")])
def test_floor_decides_for_the_transport_it_is_of(value: float, outcome: str) -> None:
    assert alone(h2d(value)).outcome == outcome


def test_older_slot_is_held_against_no_figure_of_a_newer_one() -> None:
    slots = tuple(device(n, path_max_link_speed="16.0 GT/s PCIe") for n in range(8))

    found = alone(h2d(25.0), changes={"node1": {"accelerators": slots}})

    assert found.outcome is Outcome.PASS  # above 70 % of the line rate of that slot
    assert "pcie4" in found.sentence


def test_copies_from_pageable_memory_are_not_compared_with_pinned_ones() -> None:
    found = alone(h2d(12.0, pinned=False))

    assert (found.outcome, found.reason, found.required) == ("UNKNOWN", "NoReference", False)


def test_partition_is_not_judged_as_a_whole_device() -> None:
    params = {"size": 8192, "dtype": "bfloat16", "product": f"{H100} MIG 1g.10gb"}

    assert alone(gemm(90.0, params=params)).reason == "NoReference"


def test_name_that_nobody_knows_falls_back_on_the_bus() -> None:
    params = {"size": 8192, "dtype": "bfloat16", "product": "a new name"}

    assert alone(gemm(790.0, params=params)).reason == "AboveReference"


def test_shrunk_working_set_is_held_against_no_reference() -> None:
    assert alone(gemm(300.0, reduced=True)).reason == "NoReference"


def test_peers_and_reference_are_both_stated_and_the_worse_decides() -> None:
    rates = {
        f"node{n}": [
            gemm(v, index=i, **flat(v))
            for i in range(8)
            for v in [660.0 if (n, i) == (3, 2) else 780.0]
        ]
        for n in range(1, 5)
    }

    judgement = judge(hosts_journal(exercises=PLANNED[:2], rates=rates))

    assert findings(judgement) == [("AIC-DEV-004", "node3 cuda:2", "FAIL")]
    found = verdict(judgement, "gemm.rate", node="node3", device="cuda:2")
    assert "median 780" in found.figures[0].compared_with
    assert "ml-engineering" in found.figures[0].compared_with


def test_fraction_of_the_peak_only_warns() -> None:
    kind = accelerator_kinds()["nvidia-l4-24gb"]
    asked = asked_of(
        measurement("memory.copy", 1.0, device="cuda:0", params={"bytes": 1}), kind, host_link=None
    )
    assert asked is not None

    standard = standard_for(asked, kind, ())

    assert standard is not None
    assert standard.fail_below is None or "unverified" not in standard.says


@pytest.mark.parametrize("kind_id", sorted(accelerator_kinds()))
@pytest.mark.parametrize("metric", ["gemm.rate", "memory.copy", "host.h2d", "coll.all_reduce"])
def test_no_standard_is_above_its_bound(kind_id: str, metric: str) -> None:
    kind = accelerator_kinds()[kind_id]
    params = {"dtype": "bfloat16", "pinned": True, "ranks": 8, "bytes": 8 << 30}
    unit = "teraflops_per_second" if metric == "gemm.rate" else "gigabytes_per_second"
    said = measurement(metric, 1.0, device="x", params=params, unit=unit)
    asked = asked_of(said, kind, host_link=kind.host_link.transport)
    assert asked is not None

    standard, bound = standard_for(asked, kind, ()), bound_of(asked, kind)

    if standard is not None:
        assert bound is not None
        assert 0 < standard.warn_below < bound[0]


@given(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), st.booleans())
def test_no_figure_but_a_credible_one_passes(value: float | None, noisy: bool) -> None:
    said = gemm(1.0, noisy=noisy).model_copy(update={"value": value, "statistic": None})

    found = alone(said)

    if found.outcome is Outcome.PASS:
        assert value is not None
        assert 0.4 * 989.5 < value < 1.05 * 989.5


@pytest.mark.parametrize(
    ("samples", "outcome"), [((0.99, 0.99), "PASS"), ((0.95, 0.96), "WARN"), ((0.8, 0.85), "FAIL")]
)
def test_drift_under_load_is_held_against_the_device_itself(
    samples: tuple[float, float], outcome: str
) -> None:
    value, high = samples
    said = measurement("sustain", value, device="cuda:0", metric="sustain.drift", unit="ratio",
                       **flat(value, high=high))  # fmt: skip

    assert alone(said).outcome == outcome


def test_wrong_sum_of_a_collective_fails_whatever_its_rate() -> None:
    said = measurement(
        "coll.all_reduce", 400.0, device="all", params={"ranks": 8, "bytes": 1 << 30}
    )
    wrong = answer("all", exercise="coll.all_reduce", ok=False, wrong_count=3, total_count=8)
    item = "coll.all_reduce"

    judgement = judge(
        hosts_journal(
            nodes=1, exercises=("gemm.known_answer", item), rates={"node1": [said, wrong]}
        )
    )

    assert findings(judgement) == [("AIC-DEV-012", "node1 all", "FAIL")]


@pytest.mark.parametrize("wrong", [0, 5])
def test_memory_that_loses_words_fails_on_its_device(wrong: int) -> None:
    item = "memory.pattern"
    said = [
        answer(f"cuda:{n}", exercise=item, ok=not (wrong and n == 2),
               wrong_count=wrong if n == 2 else 0, repeated=None)
        for n in range(8)
    ]  # fmt: skip

    judgement = judge(
        hosts_journal(nodes=1, exercises=("gemm.known_answer", item), rates={"node1": said})
    )

    assert findings(judgement) == ([("AIC-DEV-011", "node1 cuda:2", "FAIL")] if wrong else [])


def test_training_that_does_not_hold_fails_with_its_reason() -> None:
    item = "train.step"
    said = measurement(item, 9000.0, device="all", metric="train.tokens", unit="tokens_per_second")
    wrong = answer("all", exercise=item, ok=False, wrong_count=1, total_count=3,
                   detail="parameters differ on device 1")  # fmt: skip

    judgement = judge(
        hosts_journal(
            nodes=1, exercises=("gemm.known_answer", item), rates={"node1": [said, wrong]}
        )
    )

    assert findings(judgement) == [("AIC-DEV-014", "node1 all", "FAIL")]
    assert "parameters differ on device 1" in judgement.findings[0].sentence


@pytest.mark.parametrize(
    ("repeated", "finding"),
    [(True, ("AIC-DEV-001", "node1 cuda:0", "FAIL")),
     (False, ("AIC-DEV-002", "node1 cuda:0", "WARN"))],
)  # fmt: skip
def test_wrong_product_of_another_kind_of_number_is_corruption(
    repeated: bool, finding: tuple[str, str, str]
) -> None:
    item = "gemm.fp16"
    said = gemm(790.0).model_copy(update={"exercise": item})
    wrong = answer("cuda:0", exercise=item, ok=False, wrong_count=1, repeated=repeated)

    judgement = judge(
        hosts_journal(
            nodes=1, exercises=("gemm.known_answer", item), rates={"node1": [said, wrong]}
        )
    )

    assert findings(judgement) == [finding]


def test_rate_of_another_kind_of_number_has_its_own_peak() -> None:
    fields = {"metric": "gemm.rate", "unit": "teraflops_per_second", "device": "cuda:0"}
    said = [
        measurement(f"gemm.{name}", 1500.0, params={"dtype": dtype, "product": H100}, **fields)
        for name, dtype in (("fp16", "float16"), ("fp8", "float8_e4m3fn"))
    ]

    half, eighth = (alone(each) for each in said)

    assert (half.outcome, half.reason) == ("ERROR", "AbovePeak")
    assert eighth.outcome is not Outcome.ERROR


SEVERAL = ("gemm.known_answer", "gemm.rate", "gemm.fp16", "memory.triad")


HALF = tuple(
    SiteReference(metric="gemm", dtype=dtype, value=700.0, unit="teraflops_per_second",
                  source="acceptance test of May")
    for dtype in ("bf16", "fp16")
)  # fmt: skip


def slow_in_two(**more: Any) -> Judgement:
    """Of one device, two rates are low and a third one is not there at all."""
    fp16 = gemm(500.0, **flat(500.0)).model_copy(
        update={"exercise": "gemm.fp16", "params": {"product": H100, "dtype": "float16"}}
    )
    entries = hosts_journal(
        nodes=1, exercises=SEVERAL, rates={"node1": [gemm(500.0, **flat(500.0)), fp16]}
    )
    return judge(entries, **more)


def test_device_that_is_slow_in_several_exercises_is_one_finding() -> None:
    judgement = slow_in_two(references=HALF)

    assert [f for f in findings(judgement) if f[0] == "AIC-DEV-008"] == [
        ("AIC-DEV-008", "node1 cuda:0", "FAIL")
    ]
    (told,) = (f for f in judgement.findings if f.code == "AIC-DEV-008")
    assert told.sentence.endswith("; the same shows in gemm.fp16")
    for item in ("gemm.rate", "gemm.fp16"):
        low = verdict(judgement, item, node="node1", device="cuda:0")
        assert set(low.rests_on) <= set(told.rests_on)


def test_waiver_of_the_one_finding_covers_all_that_it_speaks_of() -> None:
    until = date(2026, 11, 30)
    own = Waiver(id="AIC-DEV-008", scope="node1 *", reason="a", owner="b", expiry=until)

    judgement = slow_in_two(references=HALF, waivers=(own,), on=until)

    for item in ("gemm.rate", "gemm.fp16"):
        assert verdict(judgement, item, node="node1", device="cuda:0").waived
    assert verdict(judgement, "memory.triad", node="node1").waived is None
