"""A device is known by its PCI id, its name or its node's labels, and never guessed."""

import pytest

from aiconform.catalogue import accelerators as known
from aiconform.catalogue.figures import AcceleratorKind, product_labels, published


@pytest.mark.parametrize("kind", published(), ids=lambda kind: kind.id)
def test_every_product_is_known_by_each_of_its_pci_ids(kind: AcceleratorKind) -> None:
    for pci_id in kind.pci.ids:
        found = known.identify(pci_id=pci_id, product=kind.names[0])
        assert found is not None
        assert found.id == kind.id


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-sxm5-80gb"),
        ("NVIDIA H200", "nvidia-h200-sxm5-141gb"),
        ("NVIDIA H200 NVL", "nvidia-h200-nvl-141gb"),
        ("Tesla T4", "nvidia-t4-16gb"),
        ("TPU v5 lite", "google-tpu-v5e"),
        ("Intel Data Center GPU Max 1550", "intel-max-1550"),
        ("Gaudi3", None),  # two boards have this name
        ("NVIDIA H100", None),
        ("Voodoo 2", None),
    ],
)
def test_names_fit_as_a_whole_or_not_at_all(product: str, expected: str | None) -> None:
    found = known.identify(product=product)

    assert (found.id if found else None) == expected


def test_partition_is_not_the_whole_device_though_its_pci_id_says_so() -> None:
    assert known.identify(pci_id="10de:2330", product="NVIDIA H100 80GB HBM3 MIG 1g.10gb") is None


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}, "nvidia-h100-sxm5-80gb"),
        ({"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"}, None),
        ({"cloud.google.com/gke-tpu-accelerator": "tpu-v6e-slice"}, "google-tpu-v6e"),
        ({"cloud.google.com/gke-accelerator": "nvidia-l4"}, "nvidia-l4-24gb"),
        ({"amd.com/gpu.product-name": "AMD_Instinct_MI300X"}, "amd-mi300x-192gb"),
        ({"kubernetes.io/arch": "amd64"}, None),
    ],
)
def test_labels_name_products(labels: dict[str, str], expected: str | None) -> None:
    found = known.identify(labels=labels)

    assert (found.id if found else None) == expected


def test_labels_name_products_that_there_are() -> None:
    named = {value for label in product_labels() for value in label.values.values()}

    assert named <= set(known.accelerator_kinds())


def test_figures_of_another_transport_size_or_count_say_nothing() -> None:
    kind = known.accelerator_kinds()["amd-mi300x-192gb"]

    def of(**asked: object) -> set[str]:
        return {f.transport for f in known.candidates(kind, **asked)}  # type: ignore[arg-type]

    assert of(metric="host_to_device", transport="pcie5") == {"pcie5"}
    assert of(metric="host_to_device", transport="pcie4") == set()
    assert of(metric="all_reduce", transport="xgmi", accelerators=2) == set()
    assert of(metric="all_reduce", transport="roce", accelerators=16) == set()


def test_message_sizes_fit_within_a_factor_of_two() -> None:
    kind = known.accelerator_kinds()["nvidia-h200-sxm5-141gb"]
    asked = {"metric": "all_reduce", "transport": "nvlink-ring", "accelerators": 8}

    near = known.candidates(kind, **asked, message_bytes=8 << 30)  # type: ignore[arg-type]
    far = known.candidates(kind, **asked, message_bytes=1 << 30)  # type: ignore[arg-type]

    assert [f.value for f in near] == [367.61]
    assert far == ()
    assert "ml-engineering" in known.sources_of(near)[0]
    assert known.peak_figure(kind, "gemm", "bf16") is not None
