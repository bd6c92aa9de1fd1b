"""One request on its way to being a sample."""

import json
import time
from typing import Any

from aiconform.workload.load.events import event_arrivals
from aiconform.workload.load.plan import LoadPlan
from aiconform.workload.load.sample import Sample, Trouble
from aiconform.workload.load.trouble import trouble_of
from aiconform.workload.load.wire import Answer, Wire

KEPT_ANSWER_BYTES = 64 * 1024
_SAFE = ("GET", "HEAD", "OPTIONS")
_REQUEST_ID = "x-aiconform-request"


class Attempt:
    def __init__(self, plan: LoadPlan, *, number: int, load_began: float) -> None:
        self.answer = Answer()
        self.request_id = f"{plan.nonce}-{number}"
        self._plan = plan
        self._number = number
        self._began = time.monotonic()
        self._load_began = load_began
        self._connection = 0
        self._kept = False
        self._attempts = 1

    def use(self, wire: Wire) -> None:
        self._connection, self._kept = wire.number, wire.used

    def may_repeat(self) -> bool:
        """
        A kept connection may be closed just as we send, which is nobody's fault. A request that
        the server may have acted on is not sent twice.
        """
        return self._kept and self.answer.first_byte_at is None and self._plan.method in _SAFE

    def repeat(self) -> None:
        self._attempts += 1
        self._connection = 0

    def failed(self, exc: Exception) -> Sample:
        return self._sample(trouble=trouble_of(exc), detail=f"{type(exc).__name__}: {exc}"[:300])

    def answered(self) -> Sample:
        answer = self.answer
        duration_s = time.monotonic() - self._began
        kind = (answer.head.one("content-type") or "") if answer.head else ""
        events = event_arrivals(answer.pieces) if kind.startswith("text/event-stream") else ()
        told = _json_object(events[0][1] if events else answer.body)
        origin = told.get("aiconform", told)
        origin = origin if isinstance(origin, dict) else {}
        keep = self._plan.keep_answers and len(answer.body) <= KEPT_ANSWER_BYTES
        foreign = _echoed_request_id(origin) not in (None, self.request_id)
        return self._sample(
            duration_s=round(duration_s, 6),
            arrivals_s=tuple(round(at - self._began, 6) for at, _ in events),
            backend=self._told(origin, "backend"),
            pod_uid=self._told(origin, "pod_uid"),
            nonce=self._told(origin, "nonce"),
            trouble="foreign_answer" if foreign else None,
            detail="the answer tells of another request" if foreign else "",
            answer=(told or None) if keep else None,
        )

    def _told(self, origin: dict[str, Any], key: str) -> str | None:
        """From the body, which gateways leave alone; else from the header."""
        value = origin.get(key)
        if value is None and self.answer.head is not None:
            value = self.answer.head.one(f"x-aiconform-{key.replace('_', '-')}")
        return str(value)[:200] if value is not None else None

    def _sample(self, *, trouble: Trouble | None = None, detail: str = "", **found: Any) -> Sample:
        first = self.answer.first_byte_at
        return Sample(
            number=self._number,
            began_s=round(self._began - self._load_began, 6),
            connection=self._connection,
            kept=self._kept,
            attempts=self._attempts,
            status=self.answer.status,
            first_byte_s=None if first is None else round(first - self._began, 6),
            trouble=trouble,
            detail=detail,
            **found,
        )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _echoed_request_id(origin: dict[str, Any]) -> str | None:
    headers = origin.get("headers")
    for pair in headers if isinstance(headers, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and str(pair[0]).lower() == _REQUEST_ID:
            return str(pair[1])
    return None
