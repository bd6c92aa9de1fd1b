"""
Accelerators on the lab's nodes: the fixture of `e2e/fixtures/accelerators`, started and steered.

Its README says what containers get, and what each way of misbehaving does.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import minor
from pathlib import Path
from typing import Any

from e2e.lab import oci, paths, programs
from e2e.lab.lab import Lab
from e2e.lab.programs import TOOLS, Program
from e2e.lab.shell import run, wait_for

PROGRAM = Program("accelerators", "2 min", target=".", home=TOOLS.parent.parent / "fixtures")
IMAGE = "docker.io/lab/accelerators:1"
RESOURCE = "example.com/accel"
DRIVER = "accel.fixture.aiconform.dev"  # also the name of its DeviceClass
FOLDER = "accelerators"


@dataclass(frozen=True)
class Fixture:
    """A device plugin or DRA driver that runs on one node."""

    binary: Path
    folder: Path

    def command(self, *words: str) -> dict[str, Any]:
        """
        Carry out a command of `accelerators ctl` and return the state after it.

        Raises:
            CommandError: The command makes no sense, or the fixture does not run.
        """
        socket = str(self.folder / "control.sock")
        return dict(json.loads(run(str(self.binary), "ctl", "--control", socket, *words)))

    def state(self) -> dict[str, Any]:
        """Devices, mutants, registrations, allocations."""
        return self.command()

    def set_health(self, index: int, health: str, message: str = "") -> None:
        """Healthy, Unhealthy or Unknown, from now on."""
        self.command("health", str(index), health, *([message] if message else []))

    def taint(self, index: int, taint: str | None) -> None:
        """Set `KEY[=VALUE]:EFFECT` on a DRA device, or take its taint away."""
        self.command("taint", str(index), taint or "none")

    def mutate(self, name: str, argument: str = "") -> None:
        """Misbehave from now on."""
        self.command("mutate", f"{name}={argument}" if argument else name)

    @contextmanager
    def mutated(self, name: str, argument: str = "") -> Iterator[None]:
        """Misbehave for the block: the way to `hang`, during which no pod of the node can end."""
        self.mutate(name, argument)
        try:
            yield
        finally:
            self.command("heal", name)

    def heal(self) -> None:
        """All devices healthy, no taints, no mutants."""
        self.command("heal")


class Accelerators:
    """Starts fixtures on the lab's nodes, and leaves no trace of them."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._binary = programs.ensure_one(PROGRAM) / "accelerators"

    def load_image(self) -> str:
        """Load an image whose only program is the fixture, for `accelerators look` in a pod."""
        archive = paths.cache() / "images" / f"{self._binary.parent.name}.tar"
        if not archive.exists():
            files = {"/accelerators": self._binary}
            oci.write_from_files(
                archive, reference=IMAGE, files=files, entrypoint=["/accelerators"]
            )
        self._lab.load_image(archive)
        return IMAGE

    @contextmanager
    def device_plugin(
        self,
        *nodes: str,
        count: int = 2,
        resource: str = RESOURCE,
        numa: Sequence[int] = (),
        mutants: Sequence[str] = (),
    ) -> Iterator[Mapping[str, Fixture]]:
        """
        An extended resource on these nodes, until the end of the block.

        At the end each node's kubelet is made to forget the resource, and with it every device
        that any plugin has given to a running pod there: end the pods first.

        Args:
            nodes: By name.
            count: Devices on each node.
            resource: Extended resource.
            numa: NUMA nodes dealt out to the devices in turn; none: no hints.
            mutants: `NAME` or `NAME=ARGUMENT`, from before the first registration.

        Returns:
            Node → fixture, once each node's allocatable has the healthy devices.
        """
        name = "device-plugin-" + re.sub(r"[^a-z0-9]+", "-", resource)
        with ExitStack() as stack:
            fixtures = {}
            for node in nodes:
                arguments = ["device-plugin", "--resource", resource]
                stack.callback(self._forget_resource, node, resource)
                fixtures[node] = stack.enter_context(
                    self._started(node, name, arguments, count=count, numa=numa, mutants=mutants)
                )
            for node in nodes:
                wait_for(
                    f"{resource} on {node}",
                    lambda node=node: self.allocatable(node, resource) > 0 or count == 0,  # type: ignore[misc]
                    limit_s=60,
                )
            yield fixtures

    @contextmanager
    def dra_driver(
        self,
        *nodes: str,
        count: int = 2,
        driver: str = DRIVER,
        numa: Sequence[int] = (),
        mutants: Sequence[str] = (),
    ) -> Iterator[Mapping[str, Fixture]]:
        """
        A DRA driver on these nodes with its DeviceClass (of the same name), for the block.

        Arguments and result are those of `device_plugin`; it returns once the ResourceSlices are
        there. Pods with claims must end before the block does: nobody else unprepares them.
        """
        self._lab.kubectl("apply", "-f", "-", input=json.dumps(device_class(driver)))
        kubeconfig = self._lab.env()["KUBECONFIG"]
        with ExitStack() as stack:
            stack.callback(self._lab.kubectl, "delete", "deviceclass", driver)
            fixtures = {}
            for node in nodes:
                arguments = ["dra-driver", "--driver", driver, "--kubeconfig", kubeconfig]
                fixtures[node] = stack.enter_context(
                    self._started(
                        node, f"dra-driver-{driver}", arguments,
                        count=count, numa=numa, mutants=mutants,
                    )
                )  # fmt: skip
            for node in nodes:
                wait_for(
                    f"{driver}'s devices on {node}",
                    lambda node=node: (
                        bool(fixtures[node].state()["registrations"])  # type: ignore[misc]
                        and len(self.published(node, driver)) >= count
                    ),
                    limit_s=60,
                )
            yield fixtures

    def allocatable(self, node: str, resource: str = RESOURCE) -> int:
        """How many devices the node offers now; 0 also when it never had any."""
        text = self._lab.kubectl("get", "node", node, "-o", "json")
        return int(json.loads(text)["status"]["allocatable"].get(resource, "0"))

    def published(self, node: str, driver: str = DRIVER) -> list[dict[str, Any]]:
        """The devices in the node's ResourceSlices, as the API has them."""
        selector = f"--field-selector=spec.driver={driver},spec.nodeName={node}"
        slices = json.loads(self._lab.kubectl("get", "resourceslices", selector, "-o", "json"))
        return [device for item in slices["items"] for device in item["spec"].get("devices", ())]

    @contextmanager
    def _started(
        self,
        node: str,
        name: str,
        arguments: Sequence[str],
        *,
        count: int,
        numa: Sequence[int],
        mutants: Sequence[str],
    ) -> Iterator[Fixture]:
        folder = self._lab.node(node).paths.root / FOLDER / name
        fixture = Fixture(self._binary, folder)
        argv = [
            str(self._binary), *arguments, "--node", node, "--dir", str(folder),
            "--count", str(count), "--first-minor", str(self._free_minor()),
            "--numa", ",".join(map(str, numa)), "--mutate", ",".join(mutants),
        ]  # fmt: skip
        self._lab.start_process_on(node, argv, name=name)
        try:
            wait_for(f"{name} on {node}", lambda: bool(fixture.state()), limit_s=30)
            yield fixture
        finally:
            self._lab.stop_process_on(node, name)
            shutil.rmtree(folder, ignore_errors=True)

    def _free_minor(self) -> int:
        """One past every fixture's device nodes: no device number is on the machine twice."""
        nodes = [self._lab.node(name).paths.root for name in self._lab.node_names]
        devices = [d for root in nodes for d in (root / FOLDER).glob("*/dev/*")]
        return max((minor(device.stat().st_rdev) for device in devices), default=-1) + 1

    def _forget_resource(self, name: str, resource: str) -> None:
        """
        Take a resource without a plugin out of the node's status.

        The kubelet reports it with 0 devices, for minutes from memory and then from its
        checkpoint, and keeps what it finds in the status.
        """
        node = self._lab.node(name)
        node.kill_kubelet()
        (node.device_plugins / "kubelet_internal_checkpoint").unlink(missing_ok=True)
        (node.device_plugins / "kubelet.sock").unlink(missing_ok=True)
        status = json.loads(self._lab.kubectl("get", "node", name, "-o", "json"))["status"]
        key = resource.replace("~", "~0").replace("/", "~1")
        patch = [
            {"op": "remove", "path": f"/status/{part}/{key}"}
            for part in ("capacity", "allocatable")
            if resource in status[part]
        ]
        if patch:
            self._lab.kubectl(
                "patch",
                "node",
                name,
                "--subresource=status",
                "--type=json",
                "-p",
                json.dumps(patch),
            )
        node.start_kubelet()
        wait_for(f"{name}'s kubelet", (node.device_plugins / "kubelet.sock").exists, limit_s=60)


def device_class(driver: str) -> dict[str, Any]:
    """The DeviceClass of all devices of a driver, under the driver's name."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": driver},
        "spec": {"selectors": [{"cel": {"expression": f'device.driver == "{driver}"'}}]},
    }
