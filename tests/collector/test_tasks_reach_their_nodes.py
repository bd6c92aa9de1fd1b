"""The task board: long poll, one task a node, again after a restart, and the barrier of a pair."""

import asyncio

from aiconform.collector import TaskBoard
from aiconform.model.wire import FinishTask, Go, PairTask, SelfTask
from tests.collector.agents import BOOT, serving

ALONE = SelfTask(id="self-1", exercises=())
FINISH = FinishTask(id="finish")
LATE = Go(go=False, reason="peer_late")


def pair(peer: str, *, task_id: str = "r1-node1-node2") -> PairTask:
    return PairTask(
        id=task_id,
        round=1,
        peer=peer,
        role="listen",
        peer_address="10.0.0.1",
        port=20000,
        streams=1,
        seconds=1.0,
        pings=10,
        ready_limit_s=5.0,
        limit_s=10.0,
    )


def paired(board: TaskBoard) -> None:
    board.assign("node1", pair("node2"))
    board.assign("node2", pair("node1"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_task_is_handed_out_once_it_is_there() -> None:
    board = TaskBoard()
    waiting = asyncio.create_task(board.next_task("node1", done=None, wait_s=5))
    await asyncio.sleep(0)
    assert board.taken("node1") is None

    board.assign("node1", ALONE)

    assert await waiting == ALONE
    assert board.taken("node1") == "self-1"


async def test_restarted_agent_gets_its_task_again() -> None:
    board = TaskBoard()
    board.assign("node1", ALONE)
    for _ in range(2):
        assert await board.next_task("node1", done=None, wait_s=0) == ALONE


async def test_finished_task_is_not_handed_out_again_and_the_next_one_is() -> None:
    board = TaskBoard()
    board.assign("node1", ALONE)
    assert await board.next_task("node1", done="self-1", wait_s=0.01) is None

    board.assign("node1", FINISH)

    assert board.taken("node1") is None
    assert await board.next_task("node1", done="self-1", wait_s=0) == FINISH


async def test_newer_poll_of_a_node_ends_the_older() -> None:
    board = TaskBoard()
    older = asyncio.create_task(board.next_task("node1", done=None, wait_s=60))
    await asyncio.sleep(0)
    newer = asyncio.create_task(board.next_task("node1", done=None, wait_s=60))

    assert await asyncio.wait_for(older, 1) is None
    board.assign("node1", ALONE)
    assert await newer == ALONE


async def test_cleared_node_has_nothing_to_do() -> None:
    board = TaskBoard()
    board.assign("node1", ALONE)
    board.clear("node1")

    assert await board.next_task("node1", done=None, wait_s=0) is None
    assert board.taken("node1") is None


async def test_both_of_a_pair_go_at_once() -> None:
    board = TaskBoard()
    paired(board)
    first = asyncio.create_task(board.ready("node1", "r1-node1-node2", wait_s=5))
    await asyncio.sleep(0.01)
    assert not first.done()

    second = await board.ready("node2", "r1-node1-node2", wait_s=5)

    assert (await first, second) == (Go(go=True), Go(go=True))


async def test_late_peer_stops_both() -> None:
    board = TaskBoard()
    paired(board)

    assert await board.ready("node1", "r1-node1-node2", wait_s=0.01) == LATE
    assert await board.ready("node2", "r1-node1-node2", wait_s=5) == LATE


async def test_one_node_asking_twice_is_not_a_pair() -> None:
    board = TaskBoard()
    paired(board)

    answers = await asyncio.gather(
        *(board.ready("node1", "r1-node1-node2", wait_s=0.01) for _ in range(2))
    )

    assert answers == [LATE, LATE]


async def test_lost_answer_is_given_again_but_not_for_long() -> None:
    clock = Clock()
    board = TaskBoard(clock=clock)
    paired(board)
    await asyncio.gather(
        *(board.ready(node, "r1-node1-node2", wait_s=1) for node in ("node1", "node2"))
    )

    assert await board.ready("node1", "r1-node1-node2", wait_s=1) == Go(go=True)
    clock.now = 10.0
    assert await board.ready("node1", "r1-node1-node2", wait_s=1) == LATE


async def test_asker_whose_connection_broke_may_come_again() -> None:
    board = TaskBoard()
    paired(board)
    broken = asyncio.create_task(board.ready("node1", "r1-node1-node2", wait_s=5))
    await asyncio.sleep(0)
    broken.cancel()
    await asyncio.gather(broken, return_exceptions=True)
    peer = asyncio.create_task(board.ready("node2", "r1-node1-node2", wait_s=5))
    await asyncio.sleep(0)
    assert not peer.done()

    assert await board.ready("node1", "r1-node1-node2", wait_s=5) == Go(go=True)
    assert await peer == Go(go=True)


async def test_peer_of_a_lost_node_is_told_at_once() -> None:
    board = TaskBoard()
    paired(board)
    waiting = asyncio.create_task(board.ready("node1", "r1-node1-node2", wait_s=60))
    await asyncio.sleep(0)

    board.clear("node2")

    assert await asyncio.wait_for(waiting, 1) == LATE


async def test_ready_for_a_task_of_others_is_refused() -> None:
    board = TaskBoard()
    paired(board)

    for node, task in (("node3", "r1-node1-node2"), ("node1", "other")):
        assert (await board.ready(node, task, wait_s=0)).reason == "not_assigned"


async def test_next_round_of_the_same_pair_has_a_barrier_of_its_own() -> None:
    board = TaskBoard()
    for number in (1, 2):
        task_id = f"r{number}"
        board.assign("node1", pair("node2", task_id=task_id))
        board.assign("node2", pair("node1", task_id=task_id))
        answers = await asyncio.gather(
            *(board.ready(node, task_id, wait_s=1) for node in ("node1", "node2"))
        )
        assert answers == [Go(go=True), Go(go=True)]


async def test_board_tells_when_a_node_was_last_heard() -> None:
    clock = Clock()
    board = TaskBoard(clock=clock)
    clock.now = 7.0
    board.heard("node1")

    assert board.last_heard() == {"node1": 7.0}


async def test_task_comes_over_https_and_nothing_is_204() -> None:
    async with serving() as served:
        ask = {"boot": BOOT, "done": None, "wait_s": 0}
        assert (await served.post("/v1/task", ask))[:2] == (204, None)
        served.board.assign("node1", ALONE)

        status, answer, _ = await served.post("/v1/task", ask)

        assert (status, answer) == (200, ALONE.model_dump(mode="json"))
        assert served.board.taken("node1") == "self-1"


async def test_pair_meets_over_https() -> None:
    async with serving() as served:
        paired(served.board)
        ask = {"boot": BOOT, "task": "r1-node1-node2", "wait_s": 5}

        answers = await asyncio.gather(
            *(served.post("/v1/ready", ask, who=node) for node in ("node1", "node2"))
        )

        assert [answer[:2] for answer in answers] == [(200, {"go": True, "reason": ""})] * 2


async def test_long_poll_ends_with_its_connection() -> None:
    async with serving() as served:
        ask = {"boot": BOOT, "done": None, "wait_s": 60}
        poll = asyncio.create_task(served.post("/v1/task", ask))
        await asyncio.sleep(0.2)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        await asyncio.sleep(0.2)

        served.board.assign("node1", ALONE)
        await asyncio.sleep(0.1)

        assert served.board.taken("node1") is None


async def test_stop_does_not_wait_for_long_polls() -> None:
    async with serving() as served:
        ask = {"boot": BOOT, "done": None, "wait_s": 60}
        poll = asyncio.create_task(served.post("/v1/task", ask))
        await asyncio.sleep(0.2)

        await asyncio.wait_for(served.collector.stop(), 8)

        await asyncio.gather(poll, return_exceptions=True)
