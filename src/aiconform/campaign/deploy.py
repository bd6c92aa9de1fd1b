"""The agents' DaemonSets: made from the plan, watched while they work, removed at the end."""

import asyncio
from typing import Any

import structlog

from aiconform.campaign.environment import Environment
from aiconform.campaign.recorder import Recorder
from aiconform.campaign.roster import Roster
from aiconform.cluster.manifests import agent_config_map, agent_daemonset
from aiconform.cluster.protocol import Cluster
from aiconform.cluster.watch import Watch, watch
from aiconform.model.errors import ClusterError, ForbiddenError
from aiconform.model.plan import Group
from aiconform.model.records import Trouble

log = structlog.get_logger()

WATCH_AGAIN_S = 5.0


def pod_owner(environment: Environment) -> dict[str, Any]:
    """Owner reference to the pod that we run in."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": environment.pod,
        "uid": environment.pod_uid,
    }


def _job_owner(name: str, uid: str) -> dict[str, Any]:
    return {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}


class Deployment:
    """A run's objects in Kubernetes. The Job owns them, so they go with the Job."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        environment: Environment,
        recorder: Recorder,
        roster: Roster,
        watch: Watch = watch,
    ) -> None:
        self._cluster, self._environment, self._watch = cluster, environment, watch
        self._recorder, self._roster = recorder, roster
        self._config = environment.config

    async def collector_address(self) -> str:
        """
        The address of the collector's Service, which outlives this pod.

        Raises:
            ClusterError: There is no such Service.
        """
        name = self._config.collector_host
        service = await self._cluster.get("Service", name)
        if service is None:
            raise ClusterError(
                f"Service {name} does not exist", hint="The chart makes it; install again"
            )
        address = str(service.get("spec", {}).get("clusterIP") or "None")
        return self._environment.pod_ip if address == "None" else address

    async def create(self, *, ca_pem: str) -> None:
        """
        Make the agents' ConfigMap and one DaemonSet for each group of the plan.

        Raises:
            ClusterError: One of them was refused; the message says why.
        """
        planned = self._recorder.state.planned
        assert planned is not None  # deployment follows a plan
        owner = await self._owner()
        address = await self.collector_address()
        host = f"[{address}]" if ":" in address else address
        common: dict[str, Any] = {
            "config": self._config,
            "job": self._environment.job,
            "namespace": self._environment.namespace,
            "owner": owner,
        }
        await self._cluster.apply(agent_config_map(ca_pem=ca_pem, **common))
        common["hostnames"] = self._hostnames()
        url = f"https://{host}:{self._config.collector_port}"
        for group in planned.plan.groups:
            made = agent_daemonset(group=group, collector_url=url, ca_pem=ca_pem, **common)
            await self._cluster.apply(made)
            log.info("agents.deployed", group=group.name, node_count=len(group.nodes))

    def _hostnames(self) -> dict[str, str]:
        surveyed = self._recorder.state.surveyed
        label = "kubernetes.io/hostname"
        nodes = surveyed.nodes if surveyed else ()
        return {node.name: node.labels[label] for node in nodes if label in node.labels}

    async def _owner(self) -> dict[str, Any]:
        if self._environment.owner == "Pod":
            return pod_owner(self._environment)
        if self._environment.job_uid:
            return _job_owner(self._config.name, self._environment.job_uid)
        name = self._environment.job
        job = await self._cluster.get("Job", name)
        if job is None:
            raise ClusterError(f"Job {name}, which is to own the agents, does not exist")
        return _job_owner(name, job["metadata"]["uid"])

    async def watch(self) -> None:
        """Tell the roster of pods and nodes until cancelled; begin again when the watch breaks."""
        while True:
            try:
                await self._watch(
                    namespace=self._environment.namespace,
                    run=self._config.name,
                    on_pod=self._roster.on_pod,
                    on_node=self._roster.on_node,
                )
            except ForbiddenError as exc:
                await self._recorder.append(
                    Trouble(where="watch", sentence=exc.problem, hint=exc.hint)
                )
                return
            except ClusterError as exc:
                log.warning("watch.broken", problem=str(exc), again_s=WATCH_AGAIN_S)
                await asyncio.sleep(WATCH_AGAIN_S)

    async def remove(self) -> None:
        """Remove the agents. What cannot be removed goes with the Job, and is said."""
        planned = self._recorder.state.planned
        groups: tuple[Group, ...] = planned.plan.groups if planned else ()
        try:
            for group in groups:
                await self._cluster.delete(
                    "DaemonSet", f"{self._environment.job}-agent-{group.name}"
                )
            await self._cluster.delete("ConfigMap", f"{self._environment.job}-agent")
        except ClusterError as exc:
            log.warning("agents.left", problem=str(exc), hint="they go when the Job is deleted")
