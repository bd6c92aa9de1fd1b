"""
A stand-in for KubeRay: RayCluster with a validating webhook and a controller.

It follows the real one as far as a check looks: two worker groups with one name are refused by the
webhook alone (the schema lets them pass); a cluster becomes a head pod, worker pods and a Service
that it owns; its status has conditions and observedGeneration; changes are followed, lost pods
replaced. Its pods carry a finalizer-free owner reference, so that deleting is the cluster's work.
"""

import json
import os
import ssl
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import control, kube

GROUP, VERSION, PLURAL = "ray.io", "v1", "rayclusters"
ALL = f"/apis/{GROUP}/{VERSION}/{PLURAL}"
OWNED = "ray.io/cluster"
WEBHOOK_PORT = 9443


def refusal(cluster: Mapping[str, Any]) -> str:
    """Why this RayCluster cannot be; empty when it can."""
    names = [group.get("groupName", "") for group in cluster["spec"].get("workerGroupSpecs", ())]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        return f"spec.workerGroupSpecs: worker group names must be unique: {', '.join(doubled)}"
    if len(cluster["metadata"].get("name", "")) > 50:
        return "metadata.name: must be no more than 50 characters"
    return ""


def review(settings: control.Settings, request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to an AdmissionReview's request."""
    reason = "" if settings.misbehaves("accepts-anything") else refusal(request["object"])
    response: dict[str, Any] = {"uid": request["uid"], "allowed": not reason}
    if reason:
        response["status"] = {"code": 422, "reason": "Invalid", "message": reason}
    return response


def wanted_pods(cluster: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Pod name → pod of a RayCluster."""
    name, spec = cluster["metadata"]["name"], cluster["spec"]
    pods = {f"{name}-head": _pod(cluster, f"{name}-head", spec["headGroupSpec"], "head", "head")}
    for group in spec.get("workerGroupSpecs", ()):
        for number in range(int(group.get("replicas", 1))):
            pod = f"{name}-{group['groupName']}-{number}"
            pods[pod] = _pod(cluster, pod, group, "worker", group["groupName"])
    return pods


def _pod(
    cluster: Mapping[str, Any], name: str, group: Mapping[str, Any], kind: str, group_name: str
) -> dict[str, Any]:
    template = group["template"]
    labels = {
        **template.get("metadata", {}).get("labels", {}),
        OWNED: cluster["metadata"]["name"],
        "ray.io/node-type": kind,
        "ray.io/group": group_name,
    }
    metadata = {"name": name, "labels": labels, "ownerReferences": [owner(cluster)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def owner(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What makes an object go with its cluster."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "RayCluster",
        "name": cluster["metadata"]["name"],
        "uid": cluster["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def status(cluster: Mapping[str, Any], pods: list[dict[str, Any]]) -> dict[str, Any]:
    """The status of a cluster with these pods."""
    wanted = wanted_pods(cluster)
    ready = {pod["metadata"]["name"] for pod in pods if _is_ready(pod)}
    head = f"{cluster['metadata']['name']}-head" in ready
    workers = len(ready & wanted.keys()) - head
    desired = len(wanted) - 1
    conditions = [
        ("HeadPodReady", head, "HeadPodRunningAndReady", "ContainersNotReady"),
        ("RayClusterProvisioned", head and workers == desired, "AllPodRunningAndReadyFirstTime",
         "RayClusterPodsProvisioning"),
    ]  # fmt: skip
    return {
        "observedGeneration": cluster["metadata"]["generation"],
        "desiredWorkerReplicas": desired,
        "readyWorkerReplicas": workers,
        "availableWorkerReplicas": workers,
        "state": "ready" if head and workers == desired else "",
        "conditions": [_condition(cluster, *each) for each in conditions],
    }


def _condition(
    cluster: Mapping[str, Any], kind: str, holds: bool, good: str, bad: str
) -> dict[str, Any]:
    value, reason = ("True", good) if holds else ("False", bad)
    for old in cluster.get("status", {}).get("conditions", ()):
        if old["type"] == kind and old["status"] == value:
            return dict(old)
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"{kind} is {value}"
    return {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": text,
        "lastTransitionTime": moment,
    }


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def reconcile(cluster: Mapping[str, Any]) -> None:
    """Bring one cluster nearer to what its spec says."""
    name, place = cluster["metadata"]["name"], cluster["metadata"]["namespace"]
    pods_path = f"/api/v1/namespaces/{place}/pods"
    if "deletionTimestamp" in cluster["metadata"]:
        return
    pods = kube.items(f"{pods_path}?labelSelector={OWNED}%3D{name}")
    there = {pod["metadata"]["name"] for pod in pods}
    wanted = wanted_pods(cluster)
    for pod_name in sorted(wanted.keys() - there):
        kube.attempt("POST", pods_path, wanted[pod_name])
    for pod_name in sorted(there - wanted.keys()):
        kube.attempt("DELETE", f"{pods_path}/{pod_name}")
    kube.attempt("POST", f"/api/v1/namespaces/{place}/services", _service(cluster))
    new = status(cluster, pods)
    if new != cluster.get("status"):
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{place}/{PLURAL}/{name}"
        kube.merge_status(path, new)


def _service(cluster: Mapping[str, Any]) -> dict[str, Any]:
    name = cluster["metadata"]["name"]
    metadata = {
        "name": f"{name}-head-svc",
        "labels": {OWNED: name},
        "ownerReferences": [owner(cluster)],
    }
    ports = [{"name": "gcs", "port": 6379}]
    spec = {"selector": {OWNED: name, "ray.io/node-type": "head"}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def serve_webhook(settings: control.Settings) -> None:
    """Answer AdmissionReviews over TLS, in threads of their own."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {
                "apiVersion": "admission.k8s.io/v1",
                "kind": "AdmissionReview",
                "response": review(settings, body["request"]),
            }
            text = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """The API server says what was refused."""

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = os.environ["CERTIFICATES"]
    tls.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    server = ThreadingHTTPServer(("", WEBHOOK_PORT), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    settings = control.Settings(mutants=[m for m in os.environ.get("MUTANTS", "").split(",") if m])
    control.serve(settings, {})
    serve_webhook(settings)
    while True:
        if not settings.misbehaves("never-reconciles"):
            try:
                for cluster in kube.items(ALL):
                    reconcile(cluster)
            except (OSError, LookupError) as exc:
                print(f"operator: {type(exc).__name__}: {exc}", flush=True)
        threading.Event().wait(0.5)


if __name__ == "__main__":
    main()
