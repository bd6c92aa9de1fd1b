"""A proxy that fetches each page once and gives the same copy for ever: stale, looking fresh."""

import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 3128
KEPT: dict[str, tuple[str, bytes]] = {}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path not in KEPT:
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with direct.open(self.path, timeout=5) as answer:
                    KEPT[self.path] = (answer.headers.get("Content-Type", ""), answer.read())
            except OSError as exc:
                self.send_error(502, str(exc))
                return
        kind, page = KEPT[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Scrapes are not worth a line each."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
