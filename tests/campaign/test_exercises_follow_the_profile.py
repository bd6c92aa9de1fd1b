"""Each level adds exercises, the agent knows them all, and their limits fit the node's own."""

from typing import Literal

import pytest

from aiconform.agent.probes.selftest import EXERCISES as KNOWN
from aiconform.campaign.exercises import EXERCISES, exercise_orders, expected_alone_s
from aiconform.model.plan import RunConfig

Profile = Literal["quick", "standard", "thorough"]


def names(profile: Profile, **probes: bool) -> list[str]:
    config = RunConfig.model_validate({"name": "r1", "profile": profile, "probes": probes})
    return [order.exercise for order in exercise_orders(config)]


def test_levels_add_and_never_take_away() -> None:
    assert names("quick") == ["gemm.known_answer", "gemm.rate", "memory.copy"]
    assert set(names("quick")) < set(names("standard")) < set(names("thorough"))
    assert names("thorough") == [each.name for each in EXERCISES]


def test_agent_knows_every_exercise_that_is_planned() -> None:
    assert {each.name for each in EXERCISES} == set(KNOWN)


@pytest.mark.parametrize("profile", ["quick", "standard", "thorough"])
def test_limits_add_up_to_the_limit_of_the_node(profile: Profile) -> None:
    config = RunConfig(name="r1", profile=profile)

    orders = exercise_orders(config)

    assert sum(order.limit_s for order in orders) == pytest.approx(config.limits.self_s)
    assert {order.params["scale"] for order in orders} == {profile}
    assert expected_alone_s(config, accelerated=True) <= config.limits.self_s


def test_probes_that_are_off_have_no_exercises() -> None:
    assert not any(name.startswith(("gemm", "coll")) for name in names("standard", compute=False))
    assert names("standard", compute=False, memory=False) == []
    off = RunConfig.model_validate({"name": "r", "probes": {"compute": False, "memory": False}})
    assert expected_alone_s(off, accelerated=True) == 0.0
