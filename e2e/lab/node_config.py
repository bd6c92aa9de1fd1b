"""What a node's kubelet, kube-proxy and pod network are told."""

from pathlib import Path
from typing import Any

from e2e.lab import network
from e2e.lab.certificates import Pair

# A node that is cut off is NotReady after this time; its kubelet reports four times in it.
GRACE_S = 16

# The kubelet wants these values and would set them for the whole machine (`setupKernelTunables`
# in pkg/kubelet/cm/container_manager_linux.go).
SYSCTLS = {
    "vm.overcommit_memory": 1,
    "vm.panic_on_oom": 0,
    "kernel.panic": 10,
    "kernel.panic_on_oops": 1,
    "kernel.keys.root_maxkeys": 1_000_000,
    "kernel.keys.root_maxbytes": 25_000_000,
}


def kubelet_config(
    folder: Path, *, socket: Path, cgroup_root: str, serving: Pair, authority: Path
) -> dict[str, Any]:
    """KubeletConfiguration of a node that shares its machine with other nodes."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "clusterDomain": "cluster.local",
        "clusterDNS": [network.DNS_ADDRESS],
        "resolvConf": str(folder / "resolv.conf"),
        "containerRuntimeEndpoint": f"unix://{socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup_root,
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,  # in many containers root may not lower it
        "makeIPTablesUtilChains": False,
        "podLogsDir": "/var/log/pods",
        "volumePluginDir": "/var/lib/kubelet/volumeplugins",
        "nodeStatusUpdateFrequency": f"{GRACE_S // 4}s",
        "nodeLeaseDurationSeconds": GRACE_S,
        # The nodes share one disk with everything else; images are the lab's to remove.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
    }


def kube_proxy_config(folder: Path, *, node: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": node,
        "clusterCIDR": str(network.POD_NETWORK),
        "clientConnection": {"kubeconfig": str(folder / "kube-proxy.kubeconfig")},
        "conntrack": {"maxPerCore": 0, "min": 0},  # limits of the whole machine: leave them
        "oomScoreAdj": 0,
    }


def pod_network(pods: str) -> dict[str, Any]:
    """
    CNI configuration: every pod a cable of its own, and the node routes.

    With a bridge, an answer between two pods of one node would take the short way round the
    translation of Service addresses, unless the kernel has br_netfilter. Routed, it never does.
    """
    return {
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni",
                    "ranges": [[{"subnet": pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}, "backend": "nftables"},
            {"type": "bandwidth", "capabilities": {"bandwidth": True}},
        ],
    }
