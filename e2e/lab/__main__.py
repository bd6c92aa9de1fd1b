"""`python -m e2e.lab`: the lab on the command line."""

import argparse
import subprocess
import sys
from pathlib import Path

from e2e.lab.errors import LabError
from e2e.lab.lab import Lab

EPILOG = """\
examples:
  python -m e2e.lab up --nodes 4
  export KUBECONFIG=$(python -m e2e.lab kubeconfig)
  python -m e2e.lab slow node3 --rate-mbit 300 --direction egress
  python -m e2e.lab heal
"""


def main() -> int:
    args = _parser().parse_args()
    try:
        return int(args.call(Lab(), args) or 0)
    except LabError as exc:
        print(f"lab: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m e2e.lab",
        description="A real Kubernetes cluster of several nodes on this machine. Needs root.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, summary: str, call: object) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(call=call)
        return added

    up = command("up", "start it, or complete and mend what runs", _up)
    up.add_argument("--nodes", type=int, default=4, help="at least this many (default 4)")
    command("down", "stop it and remove all that it made", lambda lab, _: lab.down())
    command("status", "say what runs", _status)
    command("kubeconfig", "print the path of its kubeconfig", _kubeconfig)
    logs = command("logs", "print a component's log, or the names of the components", _logs)
    logs.add_argument("component", nargs="?", help="such as node1.kubelet")
    kubectl = command("kubectl", "call its kubectl", _kubectl)
    kubectl.add_argument("rest", nargs=argparse.REMAINDER, help="goes to kubectl")
    slow = command("slow", "limit a node's network in one direction", _slow)
    slow.add_argument("node")
    slow.add_argument("--rate-mbit", type=int, default=300, help="Mbit/s (default 300)")
    slow.add_argument(
        "--direction", choices=("egress", "ingress"), default="egress",
        help="what the node sends (egress, the default) or receives",
    )  # fmt: skip
    lose = command("lose", "lose a share of a node's packets in one direction", _lose)
    lose.add_argument("node")
    lose.add_argument("--percent", type=float, default=3.0, help="(default 3)")
    lose.add_argument(
        "--direction", choices=("egress", "ingress"), default="egress",
        help="what the node sends (egress, the default) or receives",
    )  # fmt: skip
    cut = command("cut", "pull a node's network cable", lambda lab, a: lab.cut(a.node))
    cut.add_argument("node")
    kill = command("kill-kubelet", "kill a node's kubelet", lambda lab, a: lab.kill_kubelet(a.node))
    kill.add_argument("node")
    stop = command(
        "stop-api", "freeze the API server for a while",
        lambda lab, a: lab.stop_api_server(seconds=a.seconds),
    )  # fmt: skip
    stop.add_argument("--seconds", type=float, default=20.0, help="(default 20)")
    command("heal", "undo every fault and wait until all is well", lambda lab, _: lab.heal())
    return parser


def _up(lab: Lab, args: argparse.Namespace) -> None:
    lab.up(nodes=args.nodes)
    print("The lab is up. For kubectl: export KUBECONFIG=" + lab.env()["KUBECONFIG"])


def _status(lab: Lab, args: argparse.Namespace) -> int:
    if not lab.is_up():
        print("The lab is not up, or not whole. `up` starts or mends it.")
        return 1
    print(lab.kubectl("get", "nodes", "-o", "wide"), end="")
    return 0


def _kubeconfig(lab: Lab, args: argparse.Namespace) -> None:
    print(lab.env()["KUBECONFIG"])


def _kubectl(lab: Lab, args: argparse.Namespace) -> int:
    return subprocess.call(["kubectl", *args.rest], env=lab.env())


def _slow(lab: Lab, args: argparse.Namespace) -> None:
    lab.slow(args.node, rate_mbit=args.rate_mbit, direction=args.direction)


def _lose(lab: Lab, args: argparse.Namespace) -> None:
    lab.lose(args.node, percent=args.percent, direction=args.direction)


def _logs(lab: Lab, args: argparse.Namespace) -> None:
    if args.component is None:
        print("\n".join(lab.components()))
        return
    log: Path = lab.log_of(args.component)
    if not log.exists():
        raise LabError(f"no log of {args.component}; `logs` without a name lists them")
    subprocess.run(["cat", str(log)], check=False)


if __name__ == "__main__":
    sys.exit(main())
