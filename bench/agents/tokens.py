"""Service-account tokens of the simulated agents: the shape and size of real ones, no signature."""

import base64
import hashlib
import json

from aiconform.model.wire import TOKEN_AUDIENCE

NAMESPACE = "aiconform"
ACCOUNT = "aiconform-agent"
_ISSUED_AT = 4_000_000_000 - 3600  # not expired while this is of use
_SIGNATURE_BYTES = 256  # of RSA with 2048 bits


def node_names(count: int) -> tuple[str, ...]:
    return tuple(f"worker-{number:05d}.rack-{number // 32:03d}" for number in range(count))


def pod_of(node: str) -> tuple[str, str]:
    """Name and UID of the agent's pod on a node."""
    digest = hashlib.sha256(node.encode()).hexdigest()
    uid = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    return f"aiconform-agent-{digest[:5]}", uid


def token_of(node: str) -> str:
    """The same for the same node, so that both processes know it."""
    pod, uid = pod_of(node)
    claims = {
        "aud": [TOKEN_AUDIENCE],
        "exp": _ISSUED_AT + 3600,
        "iat": _ISSUED_AT,
        "iss": "https://kubernetes.default.svc.cluster.local",
        "jti": uid,
        "kubernetes.io": {
            "namespace": NAMESPACE,
            "node": {"name": node, "uid": uid},
            "pod": {"name": pod, "uid": uid},
            "serviceaccount": {"name": ACCOUNT, "uid": uid},
        },
        "nbf": _ISSUED_AT,
        "sub": f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}",
    }
    head = {"alg": "RS256", "kid": "simulated"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, claims)]
    signature = hashlib.shake_256(node.encode()).digest(_SIGNATURE_BYTES)
    return ".".join(_text(part) for part in (*parts, signature))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
