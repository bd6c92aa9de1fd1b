"""What the kernel knows of a TCP connection."""

import socket
import struct

# struct tcp_info of linux/tcp.h: 8 single bytes, then 32-bit fields; tcpi_total_retrans is the
# 24th of them. The struct only ever grows at its end.
_TOTAL_RETRANS_OFFSET = 8 + 23 * 4
_LENGTH = _TOTAL_RETRANS_OFFSET + 4


def retransmits(connection: socket.socket) -> "int | None":
    """Segments sent again since the connection began; None where the kernel does not say."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    raw = connection.getsockopt(socket.IPPROTO_TCP, option, _LENGTH)
    if len(raw) < _LENGTH:
        return None
    (count,) = struct.unpack_from("=I", raw, _TOTAL_RETRANS_OFFSET)
    return int(count)
