"""etcd, API server, controller-manager and scheduler, in a network namespace of their own."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.lab import certificates, network
from e2e.lab.certificates import Authority
from e2e.lab.errors import NotUpError
from e2e.lab.node_config import GRACE_S
from e2e.lab.paths import StatePaths
from e2e.lab.processes import Processes
from e2e.lab.programs import Programs
from e2e.lab.shell import run, system_env, wait_for

SERVER = f"https://{network.CONTROL_ADDRESS}:6443"
ISSUER = "https://kubernetes.default.svc.cluster.local"
# Native gang scheduling; everything alpha and beta is served, so that a suite finds what it names.
FEATURES = {"feature-gates": "GenericWorkload=true"}
AUDIT_POLICY = Path(__file__).resolve().parent / "manifests" / "audit.yaml"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@dataclass(frozen=True)
class ControlPlane:
    """The four programs and their credentials."""

    state: StatePaths
    programs: Programs
    processes: Processes

    @property
    def authority(self) -> Authority:
        return Authority(self.state.pki, "kubernetes")

    def create_credentials(self) -> None:
        """A new authority, and everybody's certificate but the nodes'."""
        pki = self.state.pki
        pki.mkdir(parents=True, exist_ok=True)
        self.state.control.mkdir(parents=True, exist_ok=True)
        front = Authority(pki, "front-proxy")
        self.authority.create()
        front.create()
        service = ["kubernetes", "default", "svc", "cluster", "local"]
        names = [".".join(service[:count]) for count in (1, 2, 3, 5)]
        addresses = [network.CONTROL_ADDRESS, network.API_SERVICE_ADDRESS, "127.0.0.1"]
        self.authority.issue(
            "apiserver", common_name="kube-apiserver", hosts=["localhost", *names, *addresses]
        )
        self.authority.issue("apiserver-kubelet", common_name="apiserver", group="system:masters")
        front.issue("front-proxy-client", common_name="front-proxy-client")
        certificates.key_pair(pki, "service-accounts")
        users = {
            "admin": ("lab-admin", "system:masters", self.state.kubeconfig),
            "controller-manager": ("system:kube-controller-manager", "", None),
            "scheduler": ("system:kube-scheduler", "", None),
        }
        for file, (user, group, kubeconfig) in users.items():
            pair = self.authority.issue(file, common_name=user, group=group)
            place = kubeconfig or self.state.control / f"{file}.kubeconfig"
            certificates.write_kubeconfig(place, server=SERVER, authority=self.authority, user=pair)

    def start(self) -> None:
        """Start etcd and API server."""
        self._start("etcd", _etcd(self.state.control / "etcd"))
        self._start("kube-apiserver", {**_api_server(self.state.pki), **_audit(self.state)})

    def start_controllers(self) -> None:
        """
        Wait for the API server, then start the other two.

        Not before: until the API server has made its default roles, they are refused and give up.
        """
        self.wait()
        self._start("kube-controller-manager", _controller_manager(self.state))
        self._start("kube-scheduler", _scheduler(self.state.control / "scheduler.kubeconfig"))

    def wait(self) -> None:
        """Wait until the API server says that it is ready."""
        kubectl = (self.programs.path("kubectl"), f"--kubeconfig={self.state.kubeconfig}")

        def ready() -> bool:
            return run(*kubectl, "get", "--raw", "/readyz", "--request-timeout=3s") == "ok"

        wait_for("the API server", ready, limit_s=120)

    def alive(self) -> bool:
        return all(self.processes.alive(f"control.{name}") for name in PROGRAMS)

    def stop_api_server(self, *, seconds: float) -> None:
        """Freeze the API server now; it goes on by itself after this time."""
        found = self.processes.find("control.kube-apiserver")
        if found is None:
            raise NotUpError("the API server is not running; `up` starts the lab anew")
        self.processes.signal("control.kube-apiserver", signal.SIGSTOP)
        wake = f"sleep {seconds:.3f}; kill -CONT {found.pid}"
        self.processes.stop("control.wake")
        self.processes.start("control.wake", ["/bin/sh", "-c", wake])

    def go_on(self) -> None:
        """Undo `stop_api_server` before its time."""
        self.processes.stop("control.wake", number=signal.SIGKILL)
        self.processes.signal("control.kube-apiserver", signal.SIGCONT)

    def _start(self, name: str, flags: Mapping[str, str]) -> None:
        net = f"--net={network.namespace_file(network.CONTROL)}"
        argv = [f"--{flag}={value}" for flag, value in flags.items()]
        self.processes.start(
            f"control.{name}", ["nsenter", net, self.programs.path(name), *argv], env=system_env()
        )


def _etcd(folder: Path) -> dict[str, str]:
    peer = "http://127.0.0.1:2380"
    return {
        "data-dir": str(folder),
        "listen-client-urls": "http://127.0.0.1:2379",
        "advertise-client-urls": "http://127.0.0.1:2379",
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "log-level": "warn",
        "unsafe-no-fsync": "true",  # nothing here outlives the machine
    }


def _api_server(pki: Path) -> dict[str, str]:
    return {
        "advertise-address": network.CONTROL_ADDRESS,
        "secure-port": "6443",
        "etcd-servers": "http://127.0.0.1:2379",
        "service-cluster-ip-range": str(network.SERVICE_NETWORK),
        "tls-cert-file": f"{pki}/apiserver.crt",
        "tls-private-key-file": f"{pki}/apiserver.key",
        "client-ca-file": f"{pki}/kubernetes.crt",
        "kubelet-certificate-authority": f"{pki}/kubernetes.crt",
        "kubelet-client-certificate": f"{pki}/apiserver-kubelet.crt",
        "kubelet-client-key": f"{pki}/apiserver-kubelet.key",
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": ISSUER,
        "service-account-key-file": f"{pki}/service-accounts.pub",
        "service-account-signing-key-file": f"{pki}/service-accounts.key",
        "proxy-client-cert-file": f"{pki}/front-proxy-client.crt",
        "proxy-client-key-file": f"{pki}/front-proxy-client.key",
        "requestheader-client-ca-file": f"{pki}/front-proxy.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "enable-aggregator-routing": "true",  # webhooks and aggregated APIs reach pods directly
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "runtime-config": "api/all=true",
        **FEATURES,
    }


def _audit(state: StatePaths) -> dict[str, str]:
    return {
        "audit-policy-file": str(AUDIT_POLICY),
        "audit-log-path": str(state.audit),
        "audit-log-maxsize": "200",  # MiB; then it begins anew
        "audit-log-maxbackup": "1",
    }


def _controller_manager(state: StatePaths) -> dict[str, str]:
    kubeconfig = str(state.control / "controller-manager.kubeconfig")
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "root-ca-file": f"{state.pki}/kubernetes.crt",
        "cluster-signing-cert-file": f"{state.pki}/kubernetes.crt",
        "cluster-signing-key-file": f"{state.pki}/kubernetes.key",
        "service-account-private-key-file": f"{state.pki}/service-accounts.key",
        "use-service-account-credentials": "true",
        "leader-elect": "false",
        "node-monitor-grace-period": f"{GRACE_S}s",
        "node-monitor-period": "2s",
        # The default of 20 requests per second makes hundreds of nodes wait for minutes.
        "kube-api-qps": "400",
        "kube-api-burst": "800",
        **FEATURES,
    }


def _scheduler(kubeconfig: Path) -> dict[str, str]:
    return {
        "kubeconfig": str(kubeconfig),
        "authentication-kubeconfig": str(kubeconfig),
        "authorization-kubeconfig": str(kubeconfig),
        "leader-elect": "false",
        "kube-api-qps": "400",
        "kube-api-burst": "800",
        **FEATURES,
    }
