"""Which interfaces and RDMA devices a container has, and what they have carried so far."""

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path
from typing import Any

from aiconform.workload.files import WHOLE, read_text

_SIOCGIFADDR = 0x8915  # Source: Linux, include/uapi/linux/sockios.h
_NET, _RDMA = "/sys/class/net", "/sys/class/infiniband"
_WORD_BYTES = 4  # of port_xmit_data and port_rcv_data. Source: Linux, sysfs-class-infiniband


def look(
    *, net: str = _NET, rdma: str = _RDMA, inet6: str = "/proc/net/if_inet6"
) -> "dict[str, Any]":
    """JSON; what cannot be read is null."""
    addresses = _ipv6(inet6)
    return {
        "interfaces": [_interface(path, addresses.get(path.name, [])) for path in _entries(net)],
        "rdma": [_rdma(path) for path in _entries(rdma)],
    }


def _interface(path: Path, ipv6: "list[str]") -> "dict[str, Any]":
    ipv4 = _ipv4(path.name)
    return {
        "name": path.name,
        "mac": _text(path / "address"),
        "addresses": [*([ipv4] if ipv4 else []), *ipv6],
        "mtu": _whole(path / "mtu"),
        "state": _text(path / "operstate"),
        "speed_mbit_per_s": _whole(path / "speed"),
        "rx_bytes": _whole(path / "statistics" / "rx_bytes"),
        "tx_bytes": _whole(path / "statistics" / "tx_bytes"),
    }


def _rdma(path: Path) -> "dict[str, Any]":
    ports = []
    for port in _entries(str(path / "ports")):
        sent, received = (
            _whole(port / "counters" / name) for name in ("port_xmit_data", "port_rcv_data")
        )
        ports.append(
            {
                "port": port.name,
                "state": _text(port / "state"),
                "link_layer": _text(port / "link_layer"),
                "rate": _text(port / "rate"),
                "tx_bytes": None if sent is None else sent * _WORD_BYTES,
                "rx_bytes": None if received is None else received * _WORD_BYTES,
            }
        )
    return {"name": path.name, "ports": ports}


def _entries(folder: str) -> "list[Path]":
    try:
        return sorted(Path(folder).iterdir())
    except OSError:
        return []


def _text(path: Path) -> "str | None":
    return read_text(path, limit=200)


def _whole(path: Path) -> "int | None":
    try:
        return int(_text(path) or "")
    except ValueError:
        return None


def _ipv4(name: str) -> "str | None":
    """Its first address; the kernel tells no other by this call."""
    request = struct.pack("256s", name.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            return socket.inet_ntoa(fcntl.ioctl(asking, _SIOCGIFADDR, request)[20:24])
        except OSError:
            return None


def _ipv6(path: str) -> "dict[str, list[str]]":
    """Of every interface, but for those of the link alone."""
    found: dict[str, list[str]] = {}
    for line in (read_text(path, limit=WHOLE) or "").splitlines():
        words = line.split()
        if len(words) == 6 and len(words[0]) == 32:
            address = ipaddress.IPv6Address(int(words[0], 16))
            if not address.is_link_local:
                found.setdefault(words[5], []).append(str(address))
    return found
