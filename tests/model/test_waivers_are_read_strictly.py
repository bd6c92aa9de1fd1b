"""A waivers file is taken whole or refused with a sentence that names what is wrong."""

from datetime import date

import pytest
from pydantic import ValidationError

from aiconform.model.errors import ConfigError
from aiconform.model.plan import RunConfig
from aiconform.model.waiver import MAX_WAIVERS_CHARACTERS, Waiver, parse_waivers

GOOD = """\
# Known faults
- id: AIC-NET-001
  scope: node17 sending
  reason: optics are ordered, ticket 4711
  owner: fabric-team
  expiry: 2027-03-31
- {id: gang_scheduling, scope: cluster, reason: next quarter, owner: kim, expiry: "2027-06-30"}
"""


def entry(**changes: object) -> str:
    fields = {"id": "AIC-NET-001", "scope": "'*'", "reason": "r", "owner": "o",
              "expiry": "2027-01-01"} | changes  # fmt: skip
    return "- {" + ", ".join(f"{k}: {v}" for k, v in fields.items() if v is not None) + "}\n"


def test_good_file_is_read() -> None:
    first, second = parse_waivers(GOOD)

    assert (first.scope, first.expiry) == ("node17 sending", date(2027, 3, 31))
    assert second.expiry == date(2027, 6, 30)


@pytest.mark.parametrize("text", ["", "  \n", "# nothing yet\n", "[]"])
def test_no_entry_is_no_waiver(text: str) -> None:
    assert parse_waivers(text) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (entry(owner=None), "entry 1, owner: Field required"),
        (entry(expiry=None), "entry 1, expiry: Field required"),
        (entry(reason="''"), "entry 1, reason"),
        (entry(until="2027-01-01"), "entry 1, until"),
        (entry() + entry(scope=None, id="AIC-NET-002"), "entry 2, scope"),
        (entry(id="AIC-RUN-001"), "entry 1, id"),
        (entry(id="AIC-NET-1"), "entry 1, id"),
        (entry(id="'*'"), "entry 1, id"),
        (entry(expiry="never"), "must be a day"),
        (entry(expiry="20270101"), "must be a day"),
        (entry(expiry="2027-01-01T10:00:00Z"), "must be a day"),
        (entry(expiry="2027-02-30"), "cannot be read"),
        (entry(expiry="'2027-02-30'"), "entry 1, expiry"),
        (entry() + entry(), "entry 2 repeats AIC-NET-001"),
        ("waivers: []", "not a list"),
        ("just text", "not a list"),
        ("- just text", "entry 1"),
        ("- [", "cannot be read"),
        ("- !!python/object/apply:os.system [id]", "cannot be read"),
        ("- &a {id: x}\n- *a", "aliases"),
        ("[" * 5000, "nested too deeply"),
        ("\x00", "cannot be read"),
        ("#" * (MAX_WAIVERS_CHARACTERS + 1), "more than"),
    ],
)
def test_wrong_or_hostile_file_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match="waivers cannot be read") as raised:
        parse_waivers(text)

    assert said in raised.value.problem
    assert len(raised.value.problem) < 1000
    assert "expiry" in raised.value.hint


@pytest.mark.parametrize(
    ("scope", "subject", "covered"),
    [
        ("*", "anything at all", True),
        ("node17 sending", "node17 sending", True),
        ("node17", "node17 sending", False),
        ("node17*", "node17 sending", True),
        ("node?? gpu[0]", "node17 gpu[0]", True),
        ("node17 gpu[0]", "node17 gpu0", False),
        ("*" * 60 + "b", "a" * 200, False),
    ],
)
def test_scope_is_matched_with_the_whole_subject(scope: str, subject: str, covered: bool) -> None:
    (waiver,) = parse_waivers(entry(scope=f"'{scope}'"))

    assert waiver.covers("AIC-NET-001", subject) is covered
    assert not waiver.covers("AIC-NET-002", subject)


def test_configuration_refuses_what_cannot_be_read() -> None:
    assert len(RunConfig(name="r", waivers=GOOD).site_waivers) == 2
    with pytest.raises(ValidationError, match="entry 1, owner"):
        RunConfig(name="r", waivers=entry(owner=None))


def test_waiver_survives_json() -> None:
    (first, _) = parse_waivers(GOOD)

    assert Waiver.model_validate_json(first.model_dump_json()) == first
