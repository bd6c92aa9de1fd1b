"""How much one agent may send, how fast, and how long the collector waits for it."""

from dataclasses import dataclass

from aiconform.model import wire


@dataclass(frozen=True)
class Limits:
    """Bounds for each node unless said otherwise. A sound agent stays far below all of them."""

    request_bytes: int = 2 * 1024 * 1024
    record_bytes: int = wire.MAX_RECORD_BYTES
    evidence_bytes: int = wire.MAX_EVIDENCE_BYTES + wire.MAX_RECORD_BYTES  # escapes included
    request_records: int = 4096
    stream_bytes: int = wire.MAX_STREAM_BYTES
    node_bytes: int = 32 * 1024 * 1024  # all streams of all boots: what a node can put on the disk
    boots: int = 32
    streams_per_boot: int = 1024
    refusals: int = 64  # journalled for each node; what is malformed beyond is not taken at all
    anonymous_refusals: int = 64  # journalled for the whole run

    requests_per_s: float = 10.0
    request_burst: float = 100.0
    bytes_per_request: int = 64 * 1024  # a body of n times this size counts as 1 + n requests
    failed_identities: float = 20.0  # of one address, before its tokens are not looked at
    failed_identities_per_s: float = 0.5

    connections: int = 16_384  # of all nodes together
    handshake_s: float = 15.0
    idle_s: float = (
        75.0  # a connection without a complete request header; also the slow header's limit
    )
    body_s: float = 30.0
    task_wait_s: float = 60.0  # the longest long poll
