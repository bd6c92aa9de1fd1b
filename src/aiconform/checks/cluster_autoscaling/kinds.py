"""The kinds that autoscalers have, and where each of them is seen."""

from aiconform.checks.framework import Resource

NODE_POOL = Resource("karpenter.sh", "v1", "nodepools", "NodePool", namespaced=False)
NODE_CLAIM = Resource("karpenter.sh", "v1", "nodeclaims", "NodeClaim", namespaced=False)
OPENSHIFT = Resource(
    "autoscaling.openshift.io", "v1", "clusterautoscalers", "ClusterAutoscaler", namespaced=False
)

# Written by the Cluster Autoscaler itself, every ten seconds.
STATUS_NAMESPACE = "kube-system"
STATUS = "cluster-autoscaler-status"

KARPENTER_POOL = "karpenter.sh/nodepool"
# Labels and annotations of node pools: they say that there are pools, and not that they scale.
POOL_MARKS = (
    KARPENTER_POOL,
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "cluster.x-k8s.io/owner-name",
    "autoscaling.x-k8s.io",
)
