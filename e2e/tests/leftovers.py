"""Every object of a cluster, in every API group, so that before and after can be compared."""

from e2e.lab.lab import Lab

# Made and removed by the cluster itself at any time.
VOLATILE = frozenset({"events", "events.events.k8s.io", "leases.coordination.k8s.io"})


def objects(lab: Lab) -> frozenset[str]:
    """`kind namespace/name` of every listable object but the volatile ones."""
    listable = set(lab.kubectl("api-resources", "--verbs=list", "-o", "name").split()) - VOLATILE
    rows = "{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{'\\n'}{end}"
    found = lab.kubectl(
        "get", ",".join(sorted(listable)), "-A", "--ignore-not-found", "-o", f"jsonpath={rows}"
    )
    return frozenset(line for line in found.splitlines() if line.strip())
