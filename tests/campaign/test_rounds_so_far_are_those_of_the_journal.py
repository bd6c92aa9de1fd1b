"""What the coordinator remembers of rounds is what the whole journal says of them."""

import pytest

from aiconform import judge
from aiconform.campaign.so_far import RoundsSoFar
from aiconform.campaign.state import RunState
from aiconform.fabric import RoundResult
from aiconform.model.records import RoundClosed
from tests.support.journals import Faults, run_journal

RUNS = {
    "sound": (Faults(), 6),
    "large": (Faults(), 20),
    "cut": (Faults(cut_pairs=frozenset({("node01", "node02")})), 12),
    "slow": (Faults(slow={("node03", "send"): 1.0}), 12),
    "lost": (Faults(lost={"node04": 1}), 12),
    "lost after a failure": (
        Faults(
            lost={"node04": 2}, cut_pairs=frozenset((f"node{n:02d}", "node04") for n in range(1, 4))
        ),
        12,
    ),
}


@pytest.mark.parametrize(("faults", "nodes"), RUNS.values(), ids=RUNS)
def test_after_each_round_the_results_are_the_same(faults: Faults, nodes: int) -> None:
    entries = run_journal(faults, nodes=nodes)
    tested, closed = RoundsSoFar(), 0

    for number, entry in enumerate(entries, start=1):
        tested.apply(entry)
        if isinstance(entry.record, RoundClosed):
            closed += 1
            assert outcomes(tested) == outcomes_of(judge.round_results(entries[:number]))

    assert closed > 0
    assert outcomes(tested) == outcomes_of(judge.round_results(entries))


def test_nothing_is_kept_of_a_round_that_has_ended() -> None:
    state = RunState.of(run_journal(nodes=12))

    assert state.so_far._open == []
    assert len(state.so_far.took_s) == state.rounds_done


def outcomes(tested: RoundsSoFar) -> list[object]:
    return outcomes_of(tested.results())


def outcomes_of(results: tuple[RoundResult, ...]) -> list[object]:
    """All but the reason of what did not run, and the records it stands in."""
    return [
        (result.round, test.pair, test.outcome, test.forward_gbit_per_s, test.backward_gbit_per_s)
        for result in results
        for test in result.tests
    ]
