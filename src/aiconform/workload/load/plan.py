"""What is to be sent, to where, over which connections."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from aiconform.workload.errors import WorkloadError

Connections = Literal["new", "kept"]

COUNT_LIMIT = 100_000
CONCURRENCY_LIMIT = 256
KEPT_COUNT_LIMIT = 2000
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_OURS = {"host", "connection", "content-length", "transfer-encoding", "x-aiconform-request"}


class PlanError(WorkloadError):
    """The plan cannot be carried out as written."""


@dataclass(frozen=True)
class Streak:
    """Stop when so many answers in a row have this status and, if given, come from this pod."""

    length: int
    status: int = 200
    pod_uid: str | None = None


@dataclass(frozen=True)
class Target:
    tls: bool
    address: str  # name or IP address to connect to
    port: int
    path: str  # with the query
    host: str  # for the Host header


@dataclass(frozen=True)
class LoadPlan:
    """
    Raises:
        PlanError: When made with values that cannot be carried out.
    """

    url: str  # http or https; an IP address works with `host`
    count: int = 1
    connections: Connections = "new"
    concurrency: int = 1  # requests at a time; with "kept" the number of connections
    method: str = "GET"
    host: str | None = None  # the Host header (and the TLS name) instead of the URL's
    headers: tuple[tuple[str, str], ...] = ()  # sent in this case and order
    body: bytes = b""
    nonce: str = "load"  # each request carries x-aiconform-request: <nonce>-<number>
    timeout_s: float = 10.0  # for one request, from connecting to its last byte
    limit_s: float = 300.0  # for all
    pause_s: float = 0.0  # after each request, on each of the `concurrency` lines
    until: Streak | None = None
    answer_bytes: int = 1024 * 1024  # a longer answer is an error
    keep_answers: bool = False  # keep the JSON that came, so that echoed headers can be compared
    ca_file: str | None = None  # for https; None: the system's
    verify: bool = True

    def __post_init__(self) -> None:
        _ = self.target  # tells what is wrong with the URL
        if not 1 <= self.count <= COUNT_LIMIT:
            raise PlanError(f"count must be 1 to {COUNT_LIMIT}")
        if not 1 <= self.concurrency <= CONCURRENCY_LIMIT:
            raise PlanError(f"concurrency must be 1 to {CONCURRENCY_LIMIT}")
        if not _TOKEN.fullmatch(self.method):
            raise PlanError(f"{self.method!r} is no HTTP method")
        for name, value in (*self.headers, ("Host", self.target.host), ("nonce", self.nonce)):
            if not _TOKEN.fullmatch(name) or not _sendable(value):
                raise PlanError(f"{name!r}: {value!r} cannot be sent as a header")
        for name, _ in self.headers:
            if name.lower() in _OURS:
                raise PlanError(f"the header {name} is set by the load generator itself")
        if self.until is not None and not 1 <= self.until.length <= self.count:
            raise PlanError("a streak must be 1 to `count` long")
        if self.keep_answers and self.count > KEPT_COUNT_LIMIT:
            raise PlanError(f"answers are kept for at most {KEPT_COUNT_LIMIT} requests")
        if min(self.timeout_s, self.limit_s) <= 0 or self.pause_s < 0:
            raise PlanError("times must be positive")

    @property
    def target(self) -> Target:
        """
        Raises:
            PlanError: The URL is not one that we can ask.
        """
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as exc:
            raise PlanError(f"{self.url!r}: {exc}") from exc
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PlanError(f"{self.url!r} is not of the form http://HOST[:PORT]/PATH")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not (path.isascii() and path.isprintable()) or " " in path:
            raise PlanError(f"the path {path!r} must be percent-encoded")
        tls = parts.scheme == "https"
        return Target(
            tls=tls,
            address=parts.hostname,
            port=port or (443 if tls else 80),
            path=path,
            host=self.host or parts.netloc.rpartition("@")[2],
        )


def _sendable(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return not any(c in value for c in "\r\n\0")
