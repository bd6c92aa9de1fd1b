"""Requests of one step: how a client pod is asked for them, and what its log says (pure)."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.checks.framework import workload

Json = dict[str, Any]

STEP_HEADER = "x-aiconform-step"
_KEPT_FACTS = (
    "ended", "streak", "sent", "ended_requests", "answered", "by_pod_uid", "by_backend",
    "unidentified", "by_status", "troubles", "connections_opened", "on_new_connection",
    "on_kept_connection", "repeated", "duration_s", "latency_s", "streams",
)  # fmt: skip


@dataclass(frozen=True)
class Load:
    """
    Requests that belong together.

    Attributes:
        name: Unique in the check; the backends count by it.
        until: Stop after so many hits in a row; `pod_uid` and `until_status` say what a hit is.
        watched: Headers whose values are looked for at the backend.
    """

    name: str
    host: str
    path: str = "/echo"
    count: int = 1
    kept: bool = False
    concurrency: int = 1
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    until: int | None = None
    until_status: int = 200
    until_pod: str = ""
    pause_s: float = 0.0
    limit_s: float = 120.0
    watched: tuple[str, ...] = ()

    def flags(self, address: str, *, nonce: str) -> list[str]:
        """The arguments of `load`. address: host and port, as a URL has them."""
        named = f"{nonce}-{self.name}"
        told: list[str] = [
            f"http://{address}{self.path}", "--nonce", named, "--host", self.host,
            "--count", str(self.count), "--connections", "kept" if self.kept else "new",
            "--concurrency", str(self.concurrency), "--method", self.method,
            "--pause", f"{self.pause_s:g}", "--limit", f"{self.limit_s:g}", "--samples",
            "--timeout", "10", "-H", f"{STEP_HEADER}: {named}",
        ]  # fmt: skip
        for name, value in self.headers:
            told += ["-H", f"{name}: {value}"]
        if self.body:
            told += ["--body", self.body]
        if self.watched:
            told.append("--answers")
        if self.until is not None:
            told += ["--until", str(self.until), "--until-status", str(self.until_status)]
        if self.until_pod:
            told += ["--until-pod", self.until_pod]
        return told


def client_pod(
    name: str, loads: Sequence[Load], *, address: str | Mapping[str, str], nonce: str
) -> Json:
    """
    A pod that carries out the loads in order.

    Args:
        address: Where to; or for each load's name its own.
    """
    where = {load.name: address if isinstance(address, str) else address[load.name]
             for load in loads}  # fmt: skip
    arguments = [load.flags(where[load.name], nonce=nonce) for load in loads]
    container = workload("series", json.dumps(arguments))
    # Python starts for seconds on a fifth of a processor.
    container["resources"] = {"requests": {"cpu": "500m"}}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


def told_by(lines: Iterable[Mapping[str, Any]], load: Load, *, nonce: str) -> Json | None:
    """What the client's log says of one load; None when it did not come to its end."""
    ours = [line for line in lines if line.get("nonce") == f"{nonce}-{load.name}"]
    done = next((line for line in ours if line.get("event") == "load.done"), None)
    if done is None:
        return None
    samples = [line["sample"] for line in ours if line.get("event") == "load.sampled"]
    facts: Json = {"asked": load.count, **{key: done.get(key) for key in _KEPT_FACTS}}
    facts["last_statuses"] = [sample.get("status") for sample in samples[-10:]]
    if load.watched:
        facts["arrived"] = {name: _arrived(samples, name) for name in load.watched}
    return facts


def rows(lines: Iterable[Mapping[str, Any]], load: Load, *, nonce: str) -> list[str]:
    """For split.csv: when, step, connection, who, status, how long."""
    return [
        f"{s['began_s']},{load.name},{'kept' if s['kept'] else 'new'},{s['connection']},"
        f"{s['pod_uid'] or ''},{s['status'] or s['trouble'] or ''},"
        f"{'' if s['duration_s'] is None else round(s['duration_s'] * 1000, 1)}"
        for s in (
            line["sample"]
            for line in lines
            if line.get("nonce") == f"{nonce}-{load.name}" and line.get("event") == "load.sampled"
        )
    ]


CSV_HEAD = "began_s,step,connection_kind,connection,pod_uid,status,ms"


def counted(answer: str, *, step: str) -> int:
    """
    What a backend says that it has got of a step.

    Raises:
        ValueError, KeyError: It is no answer of /counts.
    """
    tally = json.loads(answer)["by_step"].get(step, {"new": 0, "kept": 0})
    return int(tally["new"]) + int(tally["kept"])


def _arrived(samples: Sequence[Mapping[str, Any]], name: str) -> list[list[Any]]:
    """The values of a header as the backend got them, with how often."""
    found: Counter[str] = Counter()
    for sample in samples:
        answer = sample.get("answer")
        headers = answer.get("headers") if isinstance(answer, Mapping) else None
        for pair in headers or ():
            if str(pair[0]).lower() == name.lower():
                found[str(pair[1])] += 1
    return [[value, count] for value, count in found.most_common(10)]
