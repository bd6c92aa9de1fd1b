"""Known accelerators count, a site's own do, and nothing else is guessed to be one."""

import pytest

from aiconform.catalogue import accelerator_resources, device_count, is_accelerator_taint, vendors


def test_accelerators_are_counted_and_the_rest_is_left_out() -> None:
    allocatable = {
        "cpu": "8",
        "memory": "32Gi",
        "nvidia.com/gpu": "8",
        "nvidia.com/mig-1g.10gb": "7",
        "habana.ai/gaudi": "0",
        "rdma/hca_shared": "63",
        "vendor.example/thing": "2",
    }

    found = accelerator_resources(allocatable)

    assert found == {"nvidia.com/gpu": 8, "nvidia.com/mig-1g.10gb": 7}


def test_a_site_may_name_its_own() -> None:
    found = accelerator_resources({"vendor.example/npu": "2"}, ["vendor.example/npu"])

    assert found == {"vendor.example/npu": 2}


@pytest.mark.parametrize(
    "resource",
    ["hugepages-1Gi", "devices.kubevirt.io/kvm", "rdma/hca", "vpc.amazonaws.com/efa", "cpu", "/x"],
)
def test_what_is_never_an_accelerator_stays_out_even_when_named(resource: str) -> None:
    assert accelerator_resources({resource: "4"}, [resource]) == {}


@pytest.mark.parametrize("quantity", ["", "-1", "1.5", "8k", "NaN", "9" * 30])
def test_quantities_that_are_no_count_are_none(quantity: str) -> None:
    assert accelerator_resources({"nvidia.com/gpu": quantity}) == {}


def test_time_slices_promise_one_device() -> None:
    assert device_count({"nvidia.com/gpu.shared": 10}) == 1
    assert device_count({"nvidia.com/gpu": 8, "amd.com/gpu": 1}) == 9
    assert device_count({}) == 0


def test_usual_taint_is_tolerated_only_where_its_accelerator_is() -> None:
    assert is_accelerator_taint("nvidia.com/gpu", ["nvidia.com/gpu"])
    assert is_accelerator_taint("sku", ["nvidia.com/gpu"])
    assert is_accelerator_taint("vendor.example/npu", ["vendor.example/npu"])
    assert not is_accelerator_taint("nvidia.com/gpu", [])
    assert not is_accelerator_taint("nvidia.com/gpu", ["amd.com/gpu"])
    assert not is_accelerator_taint("team", ["nvidia.com/gpu"])


def test_every_vendor_names_its_source_and_differs_from_the_others() -> None:
    known = vendors()

    assert len({vendor.id for vendor in known}) == len(known)
    assert all(vendor.source.where and vendor.source.date for vendor in known)
    for vendor in known:
        names = [name for name in vendor.resources.names if "*" not in name]
        assert all([v.id for v in known if v.owns(name)] == [vendor.id] for name in names)
