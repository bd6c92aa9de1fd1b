"""What the kernel knows of a TCP connection."""

import socket
import struct

# struct tcp_info of linux/tcp.h: 8 single bytes, then 32-bit fields; tcpi_total_retrans is the
# 24th of them. 64-bit fields follow; tcpi_data_segs_out came with Linux 4.6. The struct only ever
# grows at its end.
_TOTAL_RETRANS_OFFSET = 8 + 23 * 4
_DATA_SEGMENTS_OFFSET = 156
_LENGTH = _DATA_SEGMENTS_OFFSET + 4


def retransmits(connection: socket.socket) -> "int | None":
    """Segments sent again since the connection began; None where the kernel does not say."""
    return _field(connection, _TOTAL_RETRANS_OFFSET)


def segments(connection: socket.socket) -> "int | None":
    """Segments with data that were sent, those again included; None where it does not say."""
    return _field(connection, _DATA_SEGMENTS_OFFSET) or None  # none at all: it does not count


def _field(connection: socket.socket, offset: int) -> "int | None":
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    raw = connection.getsockopt(socket.IPPROTO_TCP, option, _LENGTH)
    if len(raw) < offset + 4:
        return None
    (count,) = struct.unpack_from("=I", raw, offset)
    return int(count)
