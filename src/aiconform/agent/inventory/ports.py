"""The RDMA ports that a pod can see: state, rate, counters, and whether it holds them."""

from typing import Any

from aiconform.agent.inventory.read import Tree, known_number, known_text

_INFINIBAND = "/sys/class/infiniband"
_VERBS = "/sys/class/infiniband_verbs"
# Those that tell of the cable, of loss, and of who carried the bytes.
_COUNTERS = (
    "port_xmit_data", "port_rcv_data", "port_xmit_packets", "port_rcv_packets",
    "port_xmit_wait", "symbol_error", "link_error_recovery",
    "link_downed", "port_rcv_errors", "port_rcv_remote_physical_errors",
    "local_link_integrity_errors",
)  # fmt: skip
_HARDWARE_COUNTERS = (
    "packet_seq_err", "out_of_sequence", "local_ack_timeout_err", "rnr_nak_retry_err",
    "roce_adp_retrans", "rp_cnp_handled", "np_cnp_sent", "np_ecn_marked_roce_packets",
    "tx_bytes", "rx_bytes", "rdma_write_bytes", "rdma_read_bytes", "retrans_pkts",
)  # fmt: skip


def read_rdma_ports(tree: Tree) -> "list[dict[str, Any]]":
    """Every port of every RDMA device, named as `mlx5_0/1`."""
    held = _held(tree)
    return [
        _port(tree, device, port, held=held)
        for device in tree.listed(_INFINIBAND)
        for port in tree.listed(f"{_INFINIBAND}/{device}/ports")
    ]


def port_counters(tree: Tree, base: str) -> "dict[str, int]":
    """Of the port at `base`; data counters count words of 4 bytes."""
    found = {name: tree.number(f"{base}/counters/{name}") for name in _COUNTERS}
    found |= {name: tree.number(f"{base}/hw_counters/{name}") for name in _HARDWARE_COUNTERS}
    return {name: value for name, value in found.items() if isinstance(value, int)}


def _held(tree: Tree) -> "set[str]":
    """Devices whose verbs node is in this pod's /dev."""
    return {
        known_text(tree.text(f"{_VERBS}/{name}/ibdev")) or ""
        for name in tree.listed(_VERBS)
        if tree.exists(f"/dev/infiniband/{name}")
    }


def _port(tree: Tree, device: str, port: str, *, held: "set[str]") -> "dict[str, Any]":
    card = f"{_INFINIBAND}/{device}"
    base = f"{card}/ports/{port}"
    vendor = known_number(tree.number(f"{card}/device/vendor", base=16))
    model = known_number(tree.number(f"{card}/device/device", base=16))
    address = tree.real(f"{card}/device").rpartition("/")[2]
    return {
        "name": f"{device}/{port}",
        "state": _after_colon(known_text(tree.text(f"{base}/state"))),
        "phys_state": _after_colon(known_text(tree.text(f"{base}/phys_state"))),
        "rate": known_text(tree.text(f"{base}/rate")),
        "link_layer": known_text(tree.text(f"{base}/link_layer")),
        "numa_node": known_number(tree.number(f"{card}/device/numa_node")),
        "pci_address": address if address.count(":") == 2 else None,
        "pci_id": f"{vendor:04x}:{model:04x}" if vendor is not None and model is not None else None,
        "given": device in held,
        "counters": port_counters(tree, base),
    }


def _after_colon(value: "str | None") -> "str | None":
    """`4: ACTIVE` says ACTIVE."""
    return value.rpartition(":")[2].strip() if value else None
