"""JSON lines on stdout: checks read a pod's log, so each line says whose it is."""

import json
import sys
import threading
from datetime import datetime, timezone
from typing import Any, TextIO

from aiconform.workload.identity import Identity

_lock = threading.Lock()


class Voice:
    """Writes one JSON object a line: event, time, nonce, pod_uid, then the facts."""

    def __init__(self, identity: Identity, *, stream: TextIO | None = None) -> None:
        self._identity = identity
        self._stream = stream

    def say(self, event: str, **facts: Any) -> None:
        line = {
            "event": event,
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),  # noqa: UP017 - 3.10
            "nonce": self._identity.nonce,
            "pod_uid": self._identity.pod_uid,
            **facts,
        }
        stream = self._stream or sys.stdout
        with _lock:
            stream.write(json.dumps(line) + "\n")
            stream.flush()
