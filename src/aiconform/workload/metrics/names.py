"""What the server exposes before anybody sets anything, and what each request does to it."""

from aiconform.workload.metrics.registry import Registry

QUEUE_DEPTH = "aiconform_queue_depth"  # no colon: such names are not legal in API paths
REQUESTS = "aiconform_requests_total"
DURATION = "aiconform_request_duration_seconds"

# As vLLM names them, so that rules written for real servers match.
VLLM_SUCCESS = "vllm:request_success_total"
VLLM_LATENCY = "vllm:e2e_request_latency_seconds"
VLLM_RUNNING = "vllm:num_requests_running"
VLLM_WAITING = "vllm:num_requests_waiting"

_MODEL = {"model_name": "aiconform-echo"}
_SUCCESS = {**_MODEL, "finished_reason": "stop"}


def declare_names(registry: Registry) -> None:
    """All at zero: a scraper that sees a counter appear at 1 misses the first increase."""
    registry.declare(REQUESTS, "counter", about="Requests that this server has served.")
    registry.declare(DURATION, "histogram", about="How long serving a request took, in seconds.")
    registry.declare(QUEUE_DEPTH, "gauge", about="Set by a check of aiconform, to be scaled on.")
    registry.declare(VLLM_SUCCESS, "counter", about="Count of successfully processed requests.")
    registry.declare(VLLM_LATENCY, "histogram", about="Histogram of e2e request latency in s.")
    registry.declare(VLLM_RUNNING, "gauge", about="Number of requests in model execution batches.")
    registry.declare(VLLM_WAITING, "gauge", about="Number of requests waiting to be processed.")
    registry.set(REQUESTS, 0.0, kind="counter", labels={})
    registry.observe(DURATION, 0.0, count=0, labels={})
    registry.set(QUEUE_DEPTH, 0.0, kind="gauge", labels={})
    registry.set(VLLM_SUCCESS, 0.0, kind="counter", labels=_SUCCESS)
    registry.observe(VLLM_LATENCY, 0.0, count=0, labels=_MODEL)
    for name in (VLLM_RUNNING, VLLM_WAITING):
        registry.set(name, 0.0, kind="gauge", labels=_MODEL)


def count_request(registry: Registry, *, duration_s: float) -> None:
    registry.add(REQUESTS, 1.0, kind="counter", labels={})
    registry.observe(DURATION, duration_s, labels={})
    registry.add(VLLM_SUCCESS, 1.0, kind="counter", labels=_SUCCESS)
    registry.observe(VLLM_LATENCY, duration_s, labels=_MODEL)
