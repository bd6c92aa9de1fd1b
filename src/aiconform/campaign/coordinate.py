"""One run, from the first look at the cluster to the end of the pod."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import UTC, datetime

import structlog

from aiconform import __version__
from aiconform.campaign import logs
from aiconform.campaign.alone import AloneStage
from aiconform.campaign.certificate import forget, kept_certificate
from aiconform.campaign.checks import ChecksStage
from aiconform.campaign.deploy import Deployment
from aiconform.campaign.environment import Environment, read_environment
from aiconform.campaign.finish import Archive, conclude, hold
from aiconform.campaign.metrics import Metrics, serve
from aiconform.campaign.planner import plan_run
from aiconform.campaign.publish import Publisher
from aiconform.campaign.recorder import Recorder
from aiconform.campaign.roster import Roster
from aiconform.campaign.rounds import RoundsStage
from aiconform.campaign.survey import survey
from aiconform.checks.framework.registry import all_checks
from aiconform.cluster.client import KubernetesCluster
from aiconform.cluster.protocol import Cluster
from aiconform.cluster.rights import hint_for
from aiconform.cluster.watch import Watch, watch
from aiconform.collector import Collector, TaskBoard
from aiconform.collector import Limits as CollectorLimits
from aiconform.collector.identity import agents_of
from aiconform.journal import Journal
from aiconform.model.errors import AiconformError, ForbiddenError, JournalError
from aiconform.model.records import (
    NodeChanged,
    Planned,
    RunClosed,
    RunOpened,
    RunResumed,
    Stage,
    StageEntered,
    Surveyed,
    Trouble,
)
from aiconform.model.verdict import exit_code
from aiconform.model.wire import FinishTask

log = structlog.get_logger()

LOOK_S = 0.5
POLLS_BEFORE_LOST = 3  # see docs/adr/0003


async def coordinate(environ: Mapping[str, str], *, archive: Archive) -> int:
    """
    Run the campaign that the chart's configuration asks for; returns the exit code.

    Raises:
        ConfigError: The configuration cannot be acted on.
        JournalError: An earlier coordinator's journal is damaged.
    """
    environment = read_environment(environ)
    logs.configure(environment.config.name)
    if not environment.journal.exists():
        # On a volume that outlives runs, an earlier one may have left its mark.
        environment.released.unlink(missing_ok=True)
    environment.run_directory.mkdir(parents=True, exist_ok=True)
    journal = Journal(environment.journal, clock=time.time)
    with closing(Recorder(journal)) as recorder:
        async with KubernetesCluster.in_cluster(namespace=environment.namespace) as cluster:
            return await Campaign(environment, cluster, recorder, archive).run()


class Campaign:
    """Holds the parts of one run together."""

    def __init__(
        self,
        environment: Environment,
        cluster: Cluster,
        recorder: Recorder,
        archive: Archive,
        watch: Watch = watch,
    ) -> None:
        self._environment, self._cluster, self._recorder = environment, cluster, recorder
        self._archive = archive
        self._config = environment.config
        self._board = TaskBoard()
        self._roster = Roster(
            recorder=recorder,
            board=self._board,
            limits=self._config.limits,
            monotonic=time.monotonic,
        )
        self._publisher = Publisher(
            cluster=cluster,
            config_map=environment.status_config_map,
            config=self._config,
            recorder=recorder,
            roster=self._roster,
            clock=time.time,
        )
        self._deployment = Deployment(
            cluster=cluster,
            environment=environment,
            recorder=recorder,
            roster=self._roster,
            watch=watch,
        )

    async def run(self) -> int:
        """All stages, whatever happens in them; then the verdict, the archive and the hold."""
        _end_on_sigterm()
        async with AsyncExitStack() as stack:
            metrics = Metrics(self._recorder)
            health = await serve(metrics)
            stack.push_async_callback(health.cleanup)
            publishing = await stack.enter_async_context(_background(self._publisher.run()))
            if self._recorder.state.closed is None:
                await self._to_the_end()
            publishing.cancel()
            ending = await conclude(
                recorder=self._recorder, environment=self._environment, archive=self._archive
            )
            metrics.conclude(ending.judgement, ending.counts_as, at=time.time())
            await hold(environment=self._environment, publisher=self._publisher, ending=ending)
        return exit_code(ending.counts_as, self._config.fail_on)

    async def _to_the_end(self) -> None:
        try:
            closed = await self._bounded()
        except JournalError as exc:
            log.error("journal.unwritable", problem=exc.problem, hint=exc.hint)
            closed = None
        await self._deployment.remove()
        forget(self._environment.certificate)
        if closed is not None:
            with suppress(JournalError):  # the recorder keeps it, and `conclude` tells it
                await self._recorder.append(closed)

    async def _bounded(self) -> RunClosed:
        limit_s = self._config.limits.run_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._stages()
        except TimeoutError:
            return RunClosed(
                how="deadline", sentence=f"the run's limit of {limit_s:.0f} s has passed"
            )
        except JournalError:
            raise
        except AiconformError as exc:
            stage = self._recorder.state.stage
            await self._recorder.append(
                Trouble(where=stage, sentence=exc.problem[:2000], hint=exc.hint[:2000])
            )
            return RunClosed(how="broken", sentence=f"in stage {stage}: {exc.problem}"[:2000])

    async def _stages(self) -> RunClosed:
        await self._open()
        plan = await self._plan()
        if self._config.dry_run:
            return RunClosed(how="dry_run", sentence="dry run: nothing was tested")
        checks = ChecksStage(
            recorder=self._recorder,
            cluster=self._cluster,
            config=self._config,
            job=self._environment.job,
            known=all_checks(),
        )
        if checks.pending:
            await self._enter("checks")
            await checks.run()
        if plan.plan.groups:
            await self._with_agents()
        return RunClosed(how="complete")

    async def _open(self) -> None:
        if not self._recorder.is_new:
            await self._recorder.append(RunResumed(pod=self._environment.pod))
        else:
            opened = RunOpened(run=self._config.name, version=__version__, config=self._config)
            await self._recorder.append(opened)

    async def _enter(self, stage: Stage) -> None:
        await self._recorder.append(StageEntered(stage=stage))

    async def _plan(self) -> Planned:
        if (planned := self._recorder.state.planned) is not None:
            return planned
        await self._enter("survey")
        surveyed = await survey(self._cluster, self._config, job=self._environment.job)
        await self._recorder.append(surveyed)
        if self._config.probes.any:
            _require_identity(surveyed)
        await self._enter("plan")
        planned = Planned(plan=plan_run(self._config, surveyed, checks=all_checks()))
        await self._recorder.append(planned)
        _log_plan(planned)
        return planned

    async def _with_agents(self) -> None:
        await self._enter("deploy")
        async with self._collector() as ca_pem:
            surveyed = self._recorder.state.surveyed
            assert surveyed is not None  # a plan follows a survey
            self._roster.expect({node.name: node for node in surveyed.nodes})
            async with (
                _background(self._deployment.watch()),
                _background(self._keep_looking()),
            ):
                await self._deployment.create(ca_pem=ca_pem)
                await self._enter("self")
                await AloneStage(
                    recorder=self._recorder,
                    board=self._board,
                    config=self._config,
                    monotonic=time.monotonic,
                ).run()
                if self._config.probes.tcp:
                    await self._enter("rounds")
                    await RoundsStage(
                        recorder=self._recorder, board=self._board, config=self._config
                    ).run()
                await self._dismiss()

    async def _dismiss(self) -> None:
        nodes = self._recorder.state.at_work()
        for node in nodes:
            self._board.assign(node, FinishTask(id="finish"))
        await self._recorder.append(*(NodeChanged(node=node, state="finished") for node in nodes))

    async def _keep_looking(self) -> None:
        with suppress(JournalError):  # the recorder keeps it, and every waiting stage raises it
            while True:
                await self._roster.look()
                await asyncio.sleep(LOOK_S)

    @asynccontextmanager
    async def _collector(self) -> AsyncIterator[str]:
        """Serve the collector; yields the certificate that agents are to trust (PEM)."""
        address = await self._deployment.collector_address()
        service = self._config.collector_host
        namespace = self._environment.namespace
        certificate = kept_certificate(
            self._environment.certificate,
            names=(service, f"{service}.{namespace}", f"{service}.{namespace}.svc"),
            service=address,
            pod_ip=self._environment.pod_ip,
            now=datetime.now(UTC),
        )
        collector = Collector(
            run=self._config.name,
            identify=agents_of(
                self._cluster, service_account=f"{namespace}/{self._config.agent_service_account}"
            ),
            accept=self._recorder.append_all,
            board=self._board,
            certificate=certificate,
            limits=CollectorLimits(task_wait_s=self._config.limits.silent_s / POLLS_BEFORE_LOST),
        )
        collector.restore(self._recorder.read())
        await collector.start(port=8443)
        try:
            yield certificate.ca_pem
        finally:
            await collector.stop()


def _require_identity(surveyed: Surveyed) -> None:
    """Without it no agent's word counts, so no agent is started."""
    verb, resource = "create", "tokenreviews.authentication.k8s.io"
    if any(refused.startswith(f"{verb} {resource}") for refused in surveyed.not_permitted):
        raise ForbiddenError(verb=verb, resource=resource, hint=hint_for(verb, resource))


def _log_plan(planned: Planned) -> None:
    plan = planned.plan
    for left_out in plan.excluded:
        log.info(
            "node.excluded", node=left_out.node, reason=left_out.reason, sentence=left_out.sentence
        )
    log.info(
        "plan.made",
        node_count=len(plan.nodes),
        excluded_count=len(plan.excluded),
        round_count=plan.cost.rounds,
        cost_s=round(plan.cost.seconds),
        cost_bytes=plan.cost.bytes,
        sentence=plan.cost.sentence,
    )


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Run `work` beside the body and stop it with the body; if it fails, the body is cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            try:
                yield task
            finally:
                task.cancel()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _end_on_sigterm() -> None:
    """Let a deleted pod end at once: the journal has what is known, for the next coordinator."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
