"""A page is read whole or not at all, and its units are made alike."""

import math

import pytest

from aiconform.checks.accelerator_metrics.exposition import MalformedError, parse
from aiconform.checks.accelerator_metrics.figures import read
from aiconform.checks.accelerator_metrics.names import EXPORTERS

TABLE = {exporter.id: exporter for exporter in EXPORTERS}


def test_samples_are_read_with_their_labels_and_times() -> None:
    text = (
        "# HELP a of something\n# TYPE a gauge\n\n"
        'a{x="1", y="a \\"b\\" } \\\\ c\\n",} 1.5e3 1700000000000\n'
        "b +Inf\nc NaN\n"
    )

    a, b, c = parse(text)

    assert (a.labels, a.value, a.at) == ({"x": "1", "y": 'a "b" } \\ c\n'}, 1500.0, 1.7e9)
    assert (b.labels, b.value, b.at) == ({}, math.inf, None)
    assert math.isnan(c.value)


def test_open_metrics_has_seconds_exemplars_and_an_end() -> None:
    text = 'a_total{x="1"} 3 1700000000.5 # {trace="t"} 1\n# EOF\n'

    (a,) = parse(text, content_type="application/openmetrics-text; version=1.0.0")

    assert (a.value, a.at) == (3.0, 1700000000.5)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<html>\n", "text/plain"),
        ("a{x=1} 3\n", "text/plain"),
        ('a{x="1" 3\n', "text/plain"),
        ('a{x="1"} three\n', "text/plain"),
        ("a\n", "text/plain"),
        ("a 1.2.3\n", "text/plain"),
        ("a 1 2 3\n", "text/plain"),
        ("a 1\n", "application/openmetrics-text"),
    ],
)
def test_what_is_no_page_is_refused_whole(text: str, kind: str) -> None:
    with pytest.raises(MalformedError):
        parse(f"good 1\n{text}", content_type=kind)


def test_instances_of_one_gpu_are_devices_of_their_own() -> None:
    text = "".join(
        f'{name}{{UUID="GPU-1",GPU_I_ID="{part}"}} 1\n'
        for part in (1, 2)
        for name in ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_FB_USED")
    )

    assert sorted(read(parse(text), TABLE["dcgm"]).devices) == ["GPU-1/1", "GPU-1/2"]


def test_time_slices_of_one_gpu_are_one_device() -> None:
    text = "".join(
        f'DCGM_FI_DEV_GPU_UTIL{{UUID="GPU-1",pod="p{n}",namespace="n"}} {n}0\n' for n in (1, 2)
    )

    (device,) = read(parse(text), TABLE["dcgm"]).devices.values()

    assert device.figures == {"utilization": pytest.approx(0.2)}
    assert device.pods == {("n", "p1"), ("n", "p2")}


def test_tiles_are_added_up_unless_the_whole_is_told() -> None:
    tiles = "".join(
        f'xpum_memory_used_bytes{{uuid="u",sub_dev="{n}"}} 10\n'
        f'xpum_engine_ratio{{uuid="u",sub_dev="{n}"}} 0.{n}\n'
        for n in (1, 2)
    )
    whole = 'xpum_memory_used_bytes{uuid="u"} 21\n'

    (of_tiles,) = read(parse(tiles), TABLE["xpum"]).devices.values()
    (of_whole,) = read(parse(tiles + whole), TABLE["xpum"]).devices.values()

    assert of_tiles.figures == {"memory_used": 20.0, "utilization": 0.2}
    assert of_whole.figures["memory_used"] == 21.0


def test_site_may_put_a_prefix_before_amds_names_and_before_no_others() -> None:
    amd = read(parse('amd_gpu_gfx_activity{gpu_id="0"} 50\n'), TABLE["amd"])
    dcgm = read(parse('amd_DCGM_FI_DEV_GPU_UTIL{UUID="0"} 50\n'), TABLE["dcgm"])

    assert amd.devices["0"].figures == {"utilization": 0.5}
    assert not dcgm.devices


@pytest.mark.parametrize("task", ["decoder", "encoder"])
def test_media_engines_are_no_utilization(task: str) -> None:
    text = f'hw_gpu_utilization_ratio{{hw_id="a",hw_gpu_task="{task}"}} 0.5\n'

    assert not read(parse(text), TABLE["otel"]).devices


def test_what_is_no_finite_number_is_kept_as_none() -> None:
    page = read(parse('DCGM_FI_DEV_GPU_UTIL{UUID="a"} NaN\n'), TABLE["dcgm"])

    assert page.devices["a"].figures == {"utilization": None}


def test_names_of_one_quantity_are_alternatives_in_their_order() -> None:
    text = 'DCGM_FI_PROF_GR_ENGINE_ACTIVE{UUID="a"} 0.9\nDCGM_FI_DEV_GPU_UTIL{UUID="a"} 20\n'

    page = read(parse(text), TABLE["dcgm"])

    assert page.devices["a"].figures["utilization"] == pytest.approx(0.2)
