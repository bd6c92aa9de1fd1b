"""
The coordinator's process: the real campaign over a cluster in memory.

`python -m bench.agents.coordinator NODES ACCELERATORS FOLDER TRUST`; the last line is the figures.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from aiconform.campaign import logs
from aiconform.campaign.coordinate import Campaign
from aiconform.campaign.environment import Environment
from aiconform.campaign.recorder import Recorder
from aiconform.journal import Journal
from aiconform.model.plan import Limits, RunConfig
from aiconform.model.records import (
    Delivered,
    Entry,
    NodeChanged,
    Refused,
    RoundClosed,
    RunClosed,
    StageEntered,
)
from bench.agents.cluster import JOB, SimulatedCluster
from bench.agents.memory import peak_bytes
from bench.agents.tokens import NAMESPACE

RUN = "scale"


class Watched:
    """What a run's journal tells of its pace, and what the process took when judging began."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}  # seconds, by the journal's clock
        self.rounds: list[float] = []
        self.not_run = 0
        self.counts: Counter[str] = Counter()
        self.peak_bytes = 0
        self.cpu_s = 0.0

    def see(self, entry: Entry) -> None:
        match entry.record:
            case StageEntered(stage=stage):
                self.at[stage] = entry.at
                if stage == "judge":
                    self.peak_bytes, self.cpu_s = peak_bytes(), time.process_time()
            case NodeChanged(state=state):
                self.counts[state] += 1
                self.at[f"last {state}"] = entry.at
            case RoundClosed(not_run=not_run):
                self.rounds.append(entry.at)
                self.not_run += len(not_run)
            case Delivered(record=record):
                self.counts["delivered"] += 1
                self.at[f"last {record.kind}"] = entry.at
            case Refused():
                self.counts["refused"] += 1
            case RunClosed(how=how):
                self.counts[f"closed {how}"] += 1
            case _:
                pass


async def main(nodes: int, accelerators: int, folder: Path, trust: Path) -> None:
    config = RunConfig(name=RUN, profile="quick", limits=Limits(hold_s=0.0))
    environment = Environment(
        config=config,
        namespace=NAMESPACE,
        pod="aiconform-0",
        pod_uid="uid-of-pod",
        pod_ip="127.0.0.1",
        job=JOB,
        results=folder,
    )
    logs.configure(RUN)
    environment.run_directory.mkdir(parents=True)
    cluster = SimulatedCluster(nodes=nodes, accelerators=accelerators, trust=trust)
    watched = Watched()
    with closing(Recorder(Journal(environment.journal, clock=time.time))) as recorder:
        recorder.listen(watched.see)
        # The report is made in a process of its own, so that its memory shows apart.
        campaign = Campaign(
            environment, cluster, recorder, archive=lambda *_: "none", watch=cluster.watch
        )
        began = time.time()
        exit_code = await campaign.run()
    print(json.dumps(_figures(watched, cluster, environment, began) | {"exit_code": exit_code}))


def _figures(
    watched: Watched, cluster: SimulatedCluster, environment: Environment, began: float
) -> dict[str, Any]:
    return {
        "at": {name: at - began for name, at in watched.at.items()},
        "rounds": [at - began for at in watched.rounds],
        "not_run": watched.not_run,
        "counts": watched.counts,
        "peak_bytes": watched.peak_bytes,
        "peak_with_judging_bytes": peak_bytes(),
        "cpu_s": watched.cpu_s,
        "calls": Counter(cluster.calls),
        "journal_bytes": environment.journal.stat().st_size,
    }


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])))
