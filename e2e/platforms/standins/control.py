"""Settings of a running stand-in, changed over HTTP: `POST /control` with a JSON object."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 8080


class Settings(dict[str, Any]):
    """A stand-in's settings; mutants are listed under "mutants"."""

    def misbehaves(self, mutant: str) -> bool:
        return mutant in self.get("mutants", ())


def serve(settings: Settings, pages: dict[str, Callable[[], str]], *, port: int = PORT) -> None:
    """Answer `/control` and these pages (text) for ever, in threads of their own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/control":
                self._answer(200, json.dumps(settings))
            elif path == "/healthz":
                self._answer(200, "ok")
            elif path in pages:
                try:
                    self._answer(200, pages[path]())
                except (OSError, LookupError, ValueError) as exc:
                    self._answer(503, f"{type(exc).__name__}: {exc}")
            else:
                self._answer(404, "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path != "/control":
                self._answer(404, "")
                return
            settings.update(json.loads(body))
            self._answer(200, json.dumps(settings))

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Scrapes are not worth a line each."""

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
