"""Which interface has an address: what the standard library does not say."""

import fcntl
import ipaddress
import socket
import struct

from aiconform.agent.inventory.read import Tree, Unknown

_SIOCGIFADDR = 0x8915  # linux/sockios.h: the first IPv4 address of an interface
_IFREQ_BYTES = 40
_ADDRESS_AT = 20  # in struct ifreq: 16 bytes of name, then struct sockaddr_in


def interface_of(address: str, *, tree: "Tree | None" = None) -> "str | None":
    """The interface in this network namespace that has the address; None when none is seen to."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return None
    if wanted.version == 6:
        return _of_ipv6(wanted.packed.hex(), tree or Tree())
    try:
        names = [name for _, name in socket.if_nameindex()]
    except OSError:
        return None
    return next((name for name in names if _ipv4(name) == wanted.packed), None)


def _ipv4(name: str) -> "bytes | None":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            request = struct.pack(f"{_IFREQ_BYTES}s", name.encode())
            answer = fcntl.ioctl(asking.fileno(), _SIOCGIFADDR, request)
        except OSError:  # it has none
            return None
    return answer[_ADDRESS_AT : _ADDRESS_AT + 4]


def _of_ipv6(wanted: str, tree: Tree) -> "str | None":
    """Lines of /proc/net/if_inet6: address, index, prefix, scope, flags, name."""
    text = tree.text("/proc/net/if_inet6")
    if isinstance(text, Unknown):
        return None
    rows = [line.split() for line in text.splitlines()]
    return next((row[5] for row in rows if len(row) == 6 and row[0] == wanted), None)
