"""The process of all simulated agents: `python -m bench.agents.crowd NODES ACCELERATORS TRUST`."""

import asyncio
import json
import sys
from pathlib import Path

from bench.agents.agent import SimulatedAgent
from bench.agents.connection import Network
from bench.agents.coordinator import RUN
from bench.agents.tokens import node_names


async def main(nodes: int, accelerators: int, trust: Path) -> None:
    while not trust.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
        await asyncio.sleep(0.05)
    network = Network.trusting(trust)
    agents = [
        SimulatedAgent(name, network, run=RUN, accelerators=accelerators)
        for name in node_names(nodes)
    ]
    async with asyncio.TaskGroup() as group:
        for agent in agents:
            group.create_task(agent.work())
    acknowledged = sum(agent.acknowledged for agent in agents)
    print(json.dumps({"acknowledged": acknowledged, "seen": dict(network.seen)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
