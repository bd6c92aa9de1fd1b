"""What is known beforehand, as data with its sources: vendors, and what findings mean."""

from aiconform.catalogue.findings import FindingText, finding_texts
from aiconform.catalogue.topology import TopologyLabels, topology_label_keys, topology_labels
from aiconform.catalogue.vendors import (
    Vendor,
    accelerator_resources,
    device_count,
    is_accelerator_taint,
    vendors,
)

__all__ = [
    "FindingText",
    "TopologyLabels",
    "Vendor",
    "accelerator_resources",
    "device_count",
    "finding_texts",
    "is_accelerator_taint",
    "topology_label_keys",
    "topology_labels",
    "vendors",
]
