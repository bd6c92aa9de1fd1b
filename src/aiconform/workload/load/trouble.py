"""Classifies what a request met: by the class of the error and its number, never by its words."""

import errno
import socket
import ssl

from aiconform.workload.errors import MessageError
from aiconform.workload.load.sample import Trouble

_UNREACHABLE = {
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.EADDRNOTAVAIL,
    errno.EHOSTDOWN,
    errno.ENETDOWN,
    errno.EPERM,  # what a packet filter's refusal looks like on sending
    errno.EACCES,
}


def trouble_of(exc: BaseException) -> Trouble:
    """First match; a time-out and a TLS error are OSErrors too."""
    if isinstance(exc, MessageError):
        return _of_message(exc)
    if isinstance(exc, socket.gaierror):
        return "dns"
    if isinstance(exc, TimeoutError):
        return "timeout"
    if isinstance(exc, ssl.SSLError):
        return "tls"
    if isinstance(exc, ConnectionRefusedError):
        return "refused"
    if isinstance(exc, (ConnectionResetError, BrokenPipeError)):
        return "reset"
    if isinstance(exc, ConnectionAbortedError):
        return "closed"
    if isinstance(exc, OSError):
        return "unreachable" if exc.errno in _UNREACHABLE else "other"
    return "other"


def _of_message(exc: MessageError) -> Trouble:
    if exc.status == 413:
        return "too_large"
    return "closed" if exc.cut_short else "malformed"
