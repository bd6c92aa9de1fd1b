"""Log lines as JSON, with the keys that the coordinator's structlog writes too."""

import json
import sys
import threading
from datetime import datetime, timezone
from typing import Any, TextIO

_lock = threading.Lock()


class Log:
    """Writes one JSON object per line; what is bound stands in every line."""

    def __init__(self, stream: "TextIO | None" = None, **bound: Any) -> None:
        self._stream = stream
        self._bound = bound

    def bind(self, **more: Any) -> "Log":
        return Log(self._stream, **{**self._bound, **more})

    def info(self, event: str, **values: Any) -> None:
        self._write("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        self._write("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        self._write("error", event, values)

    def _write(self, level: str, event: str, values: "dict[str, Any]") -> None:
        line = {
            "event": event,
            "level": level,
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            **self._bound,
            **values,
        }
        stream = self._stream or sys.stdout
        with _lock:  # the main and the delivering thread both write
            stream.write(json.dumps(line, default=str) + "\n")
            stream.flush()
