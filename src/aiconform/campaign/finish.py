"""The end of a run: judge the journal, write and archive the results, hold them for fetching."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from aiconform import judge
from aiconform.campaign.environment import Environment
from aiconform.campaign.publish import Publisher
from aiconform.campaign.recorder import Recorder
from aiconform.checks.framework.registry import evaluators
from aiconform.journal import no_cycles
from aiconform.model.errors import AiconformError, ClusterError
from aiconform.model.records import Entry, StageEntered
from aiconform.model.verdict import Judgement, RunVerdict

log = structlog.get_logger()

# (run directory, tarball, entries, judgement) → the tarball's SHA-256; `report` supplies it.
Archive = Callable[[Path, Path, Sequence[Entry], Judgement], str]

PUBLISH_TRIES = 30
RELEASE_POLL_S = 0.2


@dataclass(frozen=True)
class Ending:
    """
    How a run ended, and the tarball's checksum (None: it could not be written).

    `counts_as` is what the exit code follows: the verdict, with what is waived set aside.
    """

    verdict: RunVerdict
    counts_as: RunVerdict
    sentence: str
    sha256: str | None
    judgement: Judgement


async def conclude(*, recorder: Recorder, environment: Environment, archive: Archive) -> Ending:
    """
    Judge, write and archive. A full volume costs the archive, never what was gathered.
    """
    problem: AiconformError | None = recorder.failed
    if problem is None:
        try:
            await recorder.append(StageEntered(stage="judge"))
        except AiconformError as exc:
            problem = exc
    entries: tuple[Entry, ...] = ()
    try:
        entries = await asyncio.to_thread(_all, recorder)
    except AiconformError as exc:
        problem = exc
    judgement = await asyncio.to_thread(_judged, entries)
    if problem is None:
        try:
            sha256 = await asyncio.to_thread(
                archive,
                environment.run_directory,
                environment.tarball,
                entries,
                judgement,
            )
            return Ending(
                judgement.verdict, judgement.counted, judgement.sentence, sha256, judgement
            )
        except AiconformError as exc:
            problem = exc
    log.error("results.unwritten", problem=str(problem), verdict_so_far=judgement.verdict.value)
    return Ending(
        verdict=RunVerdict.ERROR,
        counts_as=RunVerdict.ERROR,
        sentence=f"the results could not be archived: {problem}",
        sha256=None,
        judgement=judgement,
    )


@no_cycles()
def _all(recorder: Recorder) -> tuple[Entry, ...]:
    return tuple(recorder.read())


@no_cycles()
def _judged(entries: Sequence[Entry]) -> Judgement:
    return judge.judge(entries, evaluators=evaluators())


async def hold(*, environment: Environment, publisher: Publisher, ending: Ending) -> None:
    """Say that the results are ready, then wait until they were fetched or the hold has passed."""
    await _announce(environment, publisher, ending)
    hold_s = environment.config.limits.hold_s
    log.info(
        "results.held",
        verdict=ending.verdict.value,
        sentence=ending.sentence,
        tarball=str(environment.tarball) if ending.sha256 else None,
        hold_s=hold_s,
    )
    try:
        async with asyncio.timeout(hold_s):
            while not environment.released.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(RELEASE_POLL_S)
    except TimeoutError:
        log.warning("results.unfetched", hold_s=hold_s)


async def _announce(environment: Environment, publisher: Publisher, ending: Ending) -> None:
    for _ in range(PUBLISH_TRIES):
        try:
            await publisher.publish_final(
                stage="hold",
                message="the results wait to be fetched",
                tarball=str(environment.tarball) if ending.sha256 else None,
                sha256=ending.sha256,
                verdict=ending.verdict.value,
                sentence=ending.sentence,
            )
        except ClusterError as exc:
            log.warning("status.unpublished", problem=str(exc))
            await asyncio.sleep(1.0)
        else:
            return
    log.error("status.unpublished", problem="gave up; the results are in the pod all the same")
