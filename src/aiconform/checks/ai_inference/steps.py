"""The requests of each step: what is sent where, and how often (pure)."""

import json

from aiconform.checks.ai_inference.objects import (
    CHAT,
    MODEL_HEADER,
    PROTOCOL_HEADERS,
    Routes,
    protocol_value,
)
from aiconform.checks.ai_inference.traffic import Load

WARM_STREAK = 20
WARM_S = 60.0
SPLIT_COUNT, AGAIN_COUNT = 400, 1000
KEPT_CONNECTIONS = 8
AUTHORIZATION = ("Authorization", "Aiconform check-of-headers")

Steps = dict[str, tuple[Load, ...]]


def first(routes: Routes, *, missing: bool) -> Steps:
    """With all weight on A: everything that does not need another weight."""
    weights = routes.host("weights")
    found: Steps = {
        "w0": (_warm("w0", weights, WARM_STREAK, WARM_S),),
        "w1": (Load("w1", weights, count=100),),
        "h1": _model(routes.host("model")),
        "h2": _protocol(routes.host("protocol")),
        "h3": _combined(routes.host("combined")),
        "s1": (_stream(weights),),
        "n2": (Load("n2", routes.host("none"), count=20),),
    }
    if missing:
        host = routes.host("missing")
        found["n1"] = (
            _warm("n1-warm", host, 3),
            Load("n1-nowhere", host, path="/nowhere", count=10),
            Load("n1-there", host, count=10),
        )
    return found


def split(routes: Routes, *, b_uid: str, again: bool = False) -> Steps:
    """With 80 to 20: half on new connections, half on kept ones."""
    host, name = routes.host("weights"), "w2-again" if again else "w2"
    half = (AGAIN_COUNT if again else SPLIT_COUNT) // 2
    return {
        name: (
            # Status runs ahead of the data plane: counted is only once the new weights are seen.
            Load(f"{name}-warm", host, count=2000, until=1, until_pod=b_uid, pause_s=0.02,
                 limit_s=30.0),
            Load(f"{name}-new", host, count=half),
            Load(f"{name}-kept", host, count=half, kept=True, concurrency=KEPT_CONNECTIONS),
        )
    }  # fmt: skip


def swap(routes: Routes, *, b_uid: str) -> Steps:
    """With all weight on B."""
    host = routes.host("weights")
    return {
        "w3": (
            Load("w3-warm", host, count=5000, until=WARM_STREAK, until_pod=b_uid, pause_s=0.02,
                 limit_s=WARM_S),
            Load("w3", host, count=100),
        )
    }  # fmt: skip


def gone(routes: Routes) -> Steps:
    """Once the route is deleted."""
    return {
        "n3": (
            Load("n3", routes.host("weights"), count=600, until=WARM_STREAK, until_status=404,
                 pause_s=0.1, limit_s=WARM_S),
        )
    }  # fmt: skip


def _warm(name: str, host: str, streak: int, limit_s: float = 30.0, **how: str) -> Load:
    return Load(name, host, count=2000, until=streak, pause_s=0.1, limit_s=limit_s, **how)  # type: ignore[arg-type]


def _model(host: str) -> tuple[Load, ...]:
    return (
        _warm("h1-warm", host, 3),
        Load("h1-with", host, count=50, headers=((MODEL_HEADER, "b"),)),
        Load("h1-without", host, count=50),
        Load("h1-wrong", host, count=50, headers=((MODEL_HEADER, "c"),)),
    )


def _protocol(host: str) -> tuple[Load, ...]:
    """Each header with its name in mixed and in lower case, beside a header that must arrive."""
    sent = [
        Load(
            f"h2-{header.removeprefix('OpenAI-').lower()}-{case}", host, count=20,
            headers=((name, protocol_value(header)), AUTHORIZATION),
            watched=(header, AUTHORIZATION[0]),
        )
        for header in PROTOCOL_HEADERS
        for case, name in (("mixed", header), ("lower", header.lower()))
    ]  # fmt: skip
    return (_warm("h2-warm", host, 3), *sent, Load("h2-without", host, count=20))


def _combined(host: str) -> tuple[Load, ...]:
    model = ((MODEL_HEADER, "b"),)
    chat = json.dumps({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1})
    return (
        _warm("h3-warm", host, 3),
        Load("h3-hit", host, path=CHAT, count=20, method="POST", body=chat, headers=model),
        Load("h3-no-header", host, path=CHAT, count=10, method="POST", body=chat),
        Load("h3-other-path", host, count=10, headers=model),
    )


def _stream(host: str) -> Load:
    asked = {"messages": [{"role": "user", "content": "hi"}], "stream": True, "max_tokens": 10}
    return Load("s1", host, path=CHAT, count=3, method="POST", body=json.dumps(asked))
