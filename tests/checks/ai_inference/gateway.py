"""
A gateway in memory: it accepts, programs and routes as the Gateway API says, or not quite.

Requests are sent by the check's own client pods: their arguments are carried out here, and their
log is what `load` would have printed.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiconform.checks.ai_inference.kinds import CLASS, GATEWAY, ROUTE
from aiconform.checks.framework import HttpAnswer, Resource
from aiconform.checks.framework.fake import WORK, FakePlatform
from aiconform.cluster.resources import ENDPOINT_SLICE, POD, SERVICE

Json = dict[str, Any]
CONTROLLER = "example.com/gateway"


@dataclass
class Request:
    host: str
    path: str
    headers: Mapping[str, str]  # lower-case names
    sent: list[list[str]]


@dataclass
class Answer:
    status: int
    uid: str | None = None
    backend: str | None = None
    headers: list[list[str]] = field(default_factory=list)


class GatewayPlatform(FakePlatform):
    """
    Attributes:
        answer: How a request is answered; mutants replace it.
        reachable: Whether the Gateway's address answers at all.
        programs: Whether the controller programs Gateways.
        name_of: What a backend calls itself.
        deaf: Routes stay in the data plane after they were deleted.
    """

    def __init__(self, *, installed: bool = True, classes: tuple[str, ...] = ("c",), **how: Any):
        super().__init__(**how)
        self.random = random.Random(7)
        self.answer: Callable[[Request], Answer] = self.routed
        self.reachable = self.programs = self.tells_missing = True
        self.deaf = False
        self.taken_ports: set[int] = set()
        self.name_of: Callable[[str], str] = lambda name: name[-1]
        self.seen: Counter[tuple[str, str]] = Counter()  # (pod UID, step)
        self.remembered: dict[str, Json] = {}
        self.client_phase = "Succeeded"
        if installed:
            for kind in (CLASS, GATEWAY, ROUTE):
                self.objects.serve(kind)
            for name in classes:
                self.objects.put(CLASS, _class(name))
        self.objects.reactions.append(self._react)

    # --- routing -------------------------------------------------------------------------------

    def routed(self, request: Request, *, weights: bool = True, headers: bool = True) -> Answer:
        """As the Gateway API says."""
        route = next((r for r in self._routes() if request.host in r["spec"]["hostnames"]), None)
        if route is None:
            return Answer(404)
        rules = [r for r in route["spec"]["rules"] if _matches(r, request, headers=headers)]
        rules.sort(key=lambda rule: "matches" not in rule)
        if not rules:
            return Answer(404)
        refs = rules[0]["backendRefs"]
        shares = [ref.get("weight", 1) if weights else 1 for ref in refs]
        (chosen,) = self.random.choices(refs, shares)
        return self.at(chosen["name"], request)

    def at(self, service: str, request: Request) -> Answer:
        """The request arrives at the backend behind a Service."""
        pod = self.pod(service)
        if pod is None:
            return Answer(500)
        uid = pod["metadata"]["uid"]
        self.seen[uid, request.headers["x-aiconform-step"]] += 1
        return Answer(200, uid, self.name_of(service), request.sent)

    def pod(self, service: str) -> Json | None:
        found = [p for p in self.objects.all(POD) if p["metadata"]["name"] == service]
        return found[0] if found else None

    def _routes(self) -> list[Json]:
        return list(self.remembered.values()) if self.deaf else self.objects.all(ROUTE)

    # --- controllers ---------------------------------------------------------------------------

    def _react(self, verb: str, resource: Resource, found: Json) -> None:
        if resource == ROUTE:
            self.remembered[found["metadata"]["name"]] = found
        if resource in (GATEWAY, ROUTE) and verb != "delete":
            self._reconcile(resource, found)
        if resource == SERVICE and verb == "create":
            self._reconcile_endpoints(found)
        if resource == POD and verb == "update":
            self._pod_changed(found)

    def _reconcile(self, resource: Resource, found: Json) -> None:
        spec, metadata = json.dumps(found["spec"]), found["metadata"]
        if metadata.get("told") == spec:
            return
        generation = metadata.get("generation", 0) + 1
        metadata = {**metadata, "generation": generation, "told": spec}
        status = (self._gateway_status if resource == GATEWAY else self._route_status)(
            found, generation
        )
        self.objects.change(resource, found, metadata=metadata, status=status)
        if resource == ROUTE:
            for gateway in self.objects.all(GATEWAY):
                for each in gateway.get("status", {}).get("listeners", ()):
                    each["attachedRoutes"] = len(self.objects.all(ROUTE))

    def _gateway_status(self, found: Json, generation: int) -> Json:
        free = found["spec"]["listeners"][0]["port"] not in self.taken_ports
        listener = [_condition("Accepted", free, generation, "PortUnavailable"),
                    _condition("ResolvedRefs", True, generation)]  # fmt: skip
        programmed = self.programs and free
        return {
            "addresses": [{"type": "IPAddress", "value": "10.9.9.9"}] if programmed else [],
            "conditions": [_condition("Accepted", True, generation),
                           _condition("Programmed", programmed, generation, "AddressNotAssigned")],
            "listeners": [{"name": "http", "attachedRoutes": len(self.objects.all(ROUTE)),
                           "conditions": listener}],
        }  # fmt: skip

    def _route_status(self, found: Json, generation: int) -> Json:
        services = {s["metadata"]["name"] for s in self.objects.all(SERVICE)}
        names = {ref["name"] for rule in found["spec"]["rules"] for ref in rule["backendRefs"]}
        there = names <= services or not self.tells_missing
        conditions = [_condition("Accepted", True, generation),
                      _condition("ResolvedRefs", there, generation, "BackendNotFound")]  # fmt: skip
        parent = found["spec"]["parentRefs"][0]
        told = {"parentRef": parent, "controllerName": CONTROLLER, "conditions": conditions}
        return {"parents": [told]}

    def _reconcile_endpoints(self, service: Json) -> None:
        name = service["metadata"]["name"]
        self.after(1.0, lambda: self._put_endpoints(name))

    def _put_endpoints(self, name: str) -> None:
        pod = self.pod(name)
        if pod is not None:
            labels = {"kubernetes.io/service-name": name}
            endpoints = [{"targetRef": {"kind": "Pod", "uid": pod["metadata"]["uid"]}}]
            slice_ = {"metadata": {"name": f"{name}-x", "labels": labels}, "endpoints": endpoints}
            self.objects.put(ENDPOINT_SLICE, slice_, namespace=WORK)

    def _pod_changed(self, pod: Json) -> None:
        status = pod.get("status", {})
        if status.get("phase") != "Running" or pod["metadata"].get("told"):
            return
        command = pod["spec"]["containers"][0]["command"]
        self.objects.change(POD, pod, metadata={**pod["metadata"], "told": True})
        if command[3] == "echo":
            self.http[f"{status['podIP']}:8080"] = lambda *_: self._counts(pod)
        elif command[3] == "series":
            self.after(2.0, lambda: self._carry_out(pod, json.loads(command[4])))

    def _counts(self, pod: Json) -> HttpAnswer:
        uid = pod["metadata"]["uid"]
        steps = {step: {"new": n, "kept": 0} for (u, step), n in self.seen.items() if u == uid}
        return HttpAnswer(200, {}, json.dumps({"pod_uid": uid, "by_step": steps}))

    def _carry_out(self, pod: Json, loads: list[list[str]]) -> None:
        lines = [line for load in loads for line in self._load(load)]
        self.log(pod["metadata"]["name"], "\n".join(map(json.dumps, lines)))
        self.objects.change(POD, pod, status={**pod["status"], "phase": self.client_phase})

    def _load(self, arguments: list[str]) -> list[Json]:
        """What `load` prints for these arguments."""
        flags: dict[str, str] = {}
        sent: list[list[str]] = []
        words = iter(arguments[1:])
        for word in words:
            if word == "-H":
                name, _, value = next(words).partition(":")
                sent.append([name.strip(), value.strip()])
            elif word not in ("--samples", "--answers"):
                flags[word] = next(words)
        path = "/" + arguments[0].removeprefix("http://").partition("/")[2]
        headers = {name.lower(): value for name, value in sent}
        request = Request(flags["--host"], path, headers, sent)
        answers: list[Answer] = []
        streak, until = 0, int(flags.get("--until", 0))
        for _ in range(int(flags["--count"]) if self.reachable else 0):
            answers.append(self.answer(request))
            hit = (
                answers[-1].status == int(flags.get("--until-status", 200))
                and flags.get("--until-pod", answers[-1].uid) == answers[-1].uid
            )
            streak = streak + 1 if hit else 0
            if until and streak >= until:
                break
        nonce = flags["--nonce"]
        return [*_samples(answers, nonce), self._done(answers, nonce, flags, streak, until)]

    def _done(
        self, answers: list[Answer], nonce: str, flags: Json, streak: int, until: int
    ) -> Json:
        ok = [a for a in answers if a.status == 200]
        asked = int(flags["--count"])
        streams = [{"arrivals_s": [n / 5 for n in range(10)]}] * len(ok)
        return {
            "event": "load.done", "nonce": nonce, "asked": asked, "sent": len(answers),
            "ended": "streak" if until and streak >= until else "count", "streak": streak,
            "ended_requests": len(answers), "answered": len(answers), "unidentified": 0,
            "by_pod_uid": Counter(a.uid for a in ok if a.uid), "repeated": 0,
            "by_backend": Counter(a.backend for a in ok if a.backend),
            "by_status": Counter(str(a.status) for a in answers),
            "troubles": {} if self.reachable else {"timeout": 3},
            "streams": streams if nonce.endswith("s1") else [],
        }  # fmt: skip


def ignoring_weights(platform: GatewayPlatform) -> Callable[[Request], Answer]:
    return lambda request: platform.routed(request, weights=False)


def ignoring_headers(platform: GatewayPlatform) -> Callable[[Request], Answer]:
    return lambda request: platform.routed(request, headers=False)


def _samples(answers: list[Answer], nonce: str) -> list[Json]:
    return [
        {"event": "load.sampled", "nonce": nonce, "sample": {
            "began_s": number / 100, "kept": False, "connection": number, "pod_uid": a.uid,
            "status": a.status, "trouble": None, "duration_s": 0.001,
            "answer": {"headers": a.headers}}}
        for number, a in enumerate(answers, 1)
    ]  # fmt: skip


def _matches(rule: Json, request: Request, *, headers: bool) -> bool:
    return "matches" not in rule or any(
        request.path.startswith(match.get("path", {}).get("value", "/"))
        and (not headers or all(
            request.headers.get(h["name"].lower()) == h["value"] for h in match.get("headers", ())
        ))
        for match in rule["matches"]
    )  # fmt: skip


def _condition(kind: str, holds: bool, generation: int, reason: str = "Broken") -> Json:
    return {"type": kind, "status": str(holds), "observedGeneration": generation,
            "reason": kind if holds else reason, "message": f"{kind}: {holds}"}  # fmt: skip


def _class(name: str) -> Json:
    conditions = [{"type": "Accepted", "status": "True"}]
    return {
        "metadata": {"name": name},
        "spec": {"controllerName": CONTROLLER},
        "status": {"conditions": conditions, "supportedFeatures": [{"name": "Gateway"}]},
    }
