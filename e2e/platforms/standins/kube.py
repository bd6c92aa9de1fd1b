"""The few calls to the API server that stand-ins make, with the pod's own account."""

import json
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


def call(
    method: str, path: str, body: object = None, *, content_type: str = "application/json"
) -> dict[str, Any]:
    """
    One request.

    Raises:
        urllib.error.HTTPError: The API server refused; 404 and 409 are answers like others.
        OSError: It cannot be reached.
    """
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    request = urllib.request.Request(
        f"https://{host}:{port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}",
            "Content-Type": content_type,
        },
    )
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
        return dict(json.load(answer))


def items(path: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    return list(call("GET", path)["items"])


def attempt(method: str, path: str, body: object = None, **how: Any) -> dict[str, Any] | None:
    """As `call`; None when the object is gone, exists already, or was changed meanwhile."""
    try:
        return call(method, path, body, **how)
    except urllib.error.HTTPError as exc:
        if exc.code in (404, 409):
            return None
        raise


def merge_status(path: str, status: dict[str, Any]) -> None:
    """Change an object's status."""
    attempt("PATCH", f"{path}/status", {"status": status}, content_type=MERGE)
