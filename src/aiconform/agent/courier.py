"""The thread that brings records to the collector, and shows in between that the agent lives."""

import os
import threading
from collections.abc import Mapping

from aiconform.agent.client import Answer, Client
from aiconform.agent.log import Log
from aiconform.agent.outbox import Outbox

MAX_REQUEST_BYTES = 1024 * 1024  # the collector takes 2 MiB
HEARTBEAT_S = 8.0
REQUEST_TIMEOUT_S = 20.0
BROKEN = 70  # exit status, EX_SOFTWARE


class Courier:
    """Delivers until it is stopped. A record leaves the outbox only when it is acknowledged."""

    def __init__(self, outbox: Outbox, client: Client, *, log: Log, stop: threading.Event) -> None:
        self._outbox = outbox
        self._client = client
        self._log = log
        self._stop = stop
        self._request_bytes = MAX_REQUEST_BYTES
        self._barren = 0  # deliveries in a row that moved nothing
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._outbox.wait_for_records(HEARTBEAT_S)
                self.deliver_once()
        # An agent that nobody hears is worse than one that starts again.
        except Exception as exc:  # noqa: BLE001
            self._log.error("courier.broken", problem=f"{type(exc).__name__}: {exc}")
            os._exit(BROKEN)

    def deliver_once(self) -> None:
        """One request: the oldest records, or none at all as a sign of life."""
        batch = self._outbox.batch(max_bytes=self._request_bytes)
        answer = self._client.ask_until_answered(
            "POST",
            "/v1/records",
            b"".join(record.line + b"\n" for record in batch),
            timeout_s=REQUEST_TIMEOUT_S,
            content_type="application/x-ndjson",
        )
        if answer is None:
            return
        if answer.status == 200 and isinstance(answer.body, Mapping):
            self._acknowledged(answer.body, sent=len(batch))
        else:
            self._not_taken(answer, sent=len(batch))

    def _acknowledged(self, body: "Mapping[str, object]", *, sent: int) -> None:
        said = body.get("next_seq")
        next_seq = said if isinstance(said, Mapping) else {}
        safe = self._outbox.acknowledge(
            {str(name): seq for name, seq in next_seq.items() if isinstance(seq, int)}
        )
        refused = body.get("refused")
        for each in refused if isinstance(refused, list) else []:
            self._log.error("record.refused", refused=each)
        self._barren = self._barren + 1 if sent and not safe else 0
        if self._barren:
            self._log.warning("records.not_taken", sent_count=sent, next_seq=dict(next_seq))
            self._stop.wait(min(10.0, 0.5 * self._barren))

    def _not_taken(self, answer: Answer, *, sent: int) -> None:
        self._log.error("records.not_taken", status=answer.status, problem=answer.problem)
        if answer.status == 413 and sent > 1:
            self._request_bytes //= 2
        else:
            self._stop.wait(5.0)
