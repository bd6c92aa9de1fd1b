"""Facts that were lost on the disk cannot make a run that passes."""

from collections.abc import Sequence
from pathlib import Path

from aiconform.campaign.environment import Environment
from aiconform.campaign.finish import conclude
from aiconform.model.plan import RunConfig
from aiconform.model.records import Entry, StageEntered
from aiconform.model.verdict import Judgement, RunVerdict
from tests.campaign.agents import RUN, new_recorder


async def test_journal_damaged_since_it_was_written_archives_nothing(tmp_path: Path) -> None:
    recorder = new_recorder(tmp_path)
    await recorder.append(StageEntered(stage="survey"))
    path = tmp_path / "journal.ndjson"
    path.write_bytes(path.read_bytes().replace(b"survey", b"rounds"))

    ending = await conclude(recorder=recorder, environment=environment(tmp_path), archive=archive)
    recorder.close()

    assert (ending.verdict, ending.sha256) == (RunVerdict.ERROR, None)
    assert "line 1" in ending.sentence


def archive(_: Path, tarball: Path, entries: Sequence[Entry], judgement: Judgement) -> str:
    raise AssertionError("there is nothing sound to archive")


def environment(results: Path) -> Environment:
    return Environment(
        config=RunConfig(name=RUN),
        namespace="aiconform",
        pod="p",
        pod_uid="u",
        pod_ip="127.0.0.1",
        job="aiconform",
        results=results,
    )
