"""Small workloads for trying platform pieces: servers, a client, a load."""

import ast
import urllib.request
from collections.abc import Mapping
from typing import Any

from e2e.lab.lab import Lab
from e2e.platforms.objects import items

NAMESPACE = "platform-trial"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

SERVER = """
import http.server, os
page = {"text": os.environ["PAGE"]}
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = page["text"].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer()
    def do_POST(self):
        page["text"] = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""

CLIENT = """
import collections, http.client, sys
address, count, value = sys.argv[1], int(sys.argv[2]), sys.argv[3]
seen = collections.Counter()
for _ in range(count):
    connection = http.client.HTTPConnection(address, 80, timeout=3)
    headers = {"Host": "trial.aiconform.test", **({"x-model": value} if value else {})}
    try:
        connection.request("GET", "/", headers=headers)
        answer = connection.getresponse()
        seen[answer.read().decode() if answer.status == 200 else str(answer.status)] += 1
    except OSError as exc:
        seen[type(exc).__name__] += 1
    connection.close()
print(dict(seen))
"""

BURN = """
import time
held = bytearray(2**30)
for place in range(0, len(held), 4096):
    held[place] = 1
while True:
    sum(range(10000))
"""


def pod_spec(image: str, program: str, **env: str) -> dict[str, Any]:
    """A pod that runs a Python program until it is told to end."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python3", "-c", program],
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    return {"terminationGracePeriodSeconds": 0, "containers": [container]}


def pod(
    name: str, spec: Mapping[str, Any], *, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A pod in the trial's namespace, labelled with its name."""
    metadata = {
        "name": name,
        "namespace": NAMESPACE,
        "labels": {"who": name},
        "annotations": dict(annotations or {}),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": dict(spec)}


def service(name: str) -> dict[str, Any]:
    """A Service for the server of this name."""
    spec = {"selector": {"who": name}, "ports": [{"port": 8000}]}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def one(lab: Lab, what: str) -> dict[str, Any]:
    """An object of the trial's namespace."""
    (found,) = items(lab, what, "-n", NAMESPACE)
    return found


def ask(lab: Lab, address: str, *, count: int, value: str = "") -> dict[str, int]:
    """What the client pod is answered, with how often, over new connections."""
    argv = ("python3", "-c", CLIENT, address, str(count), value)
    text = lab.kubectl("-n", NAMESPACE, "exec", "client", "--", *argv)
    return dict(ast.literal_eval(text))


def serve(lab: Lab, selector: str, page: str) -> None:
    """Have the servers give this page from now on."""
    for found in items(lab, "pods", "-n", NAMESPACE, "-l", selector):
        address = found["status"].get("podIP")
        if address and "deletionTimestamp" not in found["metadata"]:
            DIRECT.open(f"http://{address}:8000/", data=page.encode(), timeout=5).close()
