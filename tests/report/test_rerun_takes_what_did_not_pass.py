"""Of an earlier run: its nodes, both ends of its links and its requirements that did not pass."""

import pytest

from aiconform.judge import judge
from aiconform.model.errors import ConfigError
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import Level
from aiconform.model.verdict import RunVerdict
from aiconform.report.rerun import Again, what_did_not_pass
from tests.browser.runs import requirement
from tests.support.journals import Faults, run_journal, sound_journal


def of(faults: Faults, nodes: int = 4) -> Again:
    return what_did_not_pass(judge(run_journal(faults, nodes=nodes)))


def test_sound_run_leaves_nothing_to_do() -> None:
    again = what_did_not_pass(judge(sound_journal()))

    assert again.is_empty
    assert "nothing to run again" in "\n".join(again.lines())


def test_node_with_a_bad_device_is_run_alone() -> None:
    again = of(Faults(corrupt={"node2": True}))

    assert again.nodes == {"node2": Outcome.FAIL}
    assert again.partners == ()
    assert again.values()["run"]["nodes"] == ["node2"]
    assert "probes" not in again.values()["run"]


def test_slow_node_takes_the_other_ends_of_its_links_along() -> None:
    """Alone it could not be measured."""
    again = of(Faults(slow={("node3", "send"): 0.3}))

    assert again.nodes == {"node3": Outcome.FAIL}
    assert again.partners == ("node1", "node2", "node4")


def test_path_between_sound_nodes_takes_both() -> None:
    again = of(Faults(cut_pairs=frozenset({("node1", "node2")})))

    assert again.nodes == {}
    assert again.partners == ("node1", "node2")
    assert not again.is_empty


def test_node_that_could_not_be_tested_is_run_and_one_left_out_on_purpose_is_not() -> None:
    again = of(Faults(excluded={"node1": ("NotReady", "off"), "node2": ("Cordoned", "by hand")}))

    assert again.nodes == {"node1": Outcome.UNKNOWN}


def test_requirements_that_passed_or_do_not_apply_are_left_alone() -> None:
    found = tuple(
        requirement(f"r_{outcome.value.lower()}", outcome, "as seen", Level.SHOULD)
        for outcome in Outcome
    )
    judgement = judge(sound_journal()).model_copy(update={"requirements": found})

    run = what_did_not_pass(judgement).values()["run"]

    assert run["checks"]["enabled"] == ["r_error", "r_fail", "r_unknown", "r_warn"]
    assert run["probes"] == {"compute": False, "memory": False, "tcp": False}
    assert "nodes" not in run


def test_run_of_which_no_part_can_be_named_is_refused() -> None:
    judgement = judge(sound_journal()).model_copy(
        update={"verdict": RunVerdict.INCOMPLETE, "sentence": "2 accelerators were in use"}
    )

    with pytest.raises(ConfigError, match="in use") as raised:
        what_did_not_pass(judgement)

    assert "as a whole" in raised.value.hint


def test_what_will_be_done_is_said_with_its_outcomes_and_cut_when_long() -> None:
    many = {f"node{n:03}": Outcome.UNKNOWN for n in range(30)}

    said = list(Again("demo", many, (), {"gang_scheduling": Outcome.FAIL}).lines())

    assert said[0] == "Again from demo, what did not pass there, and nothing else:"
    assert "node000 (UNKNOWN)" in said[1]
    assert said[1].endswith("and 10 more")
    assert said[2] == "  requirements: gang_scheduling (FAIL)"
