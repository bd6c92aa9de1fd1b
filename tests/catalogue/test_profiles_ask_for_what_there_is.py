"""Profiles that come along are sound, and files of vendors and sites are read strictly."""

from pathlib import Path

import pytest

from aiconform.catalogue.profiles import MAX_PROFILES_CHARACTERS, profiles
from aiconform.cli.profile import read_profiles
from aiconform.model.errors import ConfigError

GOOD = """\
profiles:
  - id: our-product
    title: Our product
    needs:
      - {check: gang_scheduling, why: it starts whole}
      - {measured: tcp.path, why: it talks, helps: true}
"""


def test_there_are_the_four_kinds_of_workload() -> None:
    assert list(profiles()) == [
        "distributed_training", "llm_serving", "batch_fine_tuning", "notebooks",
    ]  # fmt: skip
    for profile in profiles().values():
        assert profile.source
        assert profile.about
        assert len({need.why for need in profile.needs}) == len(profile.needs)


def test_file_of_a_vendor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(GOOD)

    (profile,) = read_profiles(path)

    assert [need.name for need in profile.needs] == ["gang_scheduling", "tcp.path"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be used"),
        ("profiles: []", "profiles"),
        ("nonsense: 1", "nonsense"),
        (GOOD.replace("gang_scheduling", "gang_skeduling"), "there is no check gang_skeduling"),
        (GOOD.replace("tcp.path", "tcp.speed"), "measured"),
        (GOOD.replace("check: gang_scheduling, ", ""), "either check or measured"),
        (GOOD.replace("measured: tcp.path", "measured: tcp.path, check: ai_inference"), "either"),
        (
            GOOD.replace("why: it starts whole", "why: it starts whole, helps: true"),
            "needs nothing",
        ),
        (GOOD.replace("measured: tcp.path", "check: gang_scheduling"), "asks twice"),
        (GOOD + GOOD.removeprefix("profiles:\n"), "one id"),
        (GOOD.replace("our-product", "Our Product!"), "id"),
        (GOOD.replace("title: Our product", "titel: Our product"), "titel"),
        ("a: [", "cannot be used"),
        ("x" * (MAX_PROFILES_CHARACTERS + 1), "more than"),
    ],
)
def test_file_that_asks_for_what_there_is_not_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=said):
        read_profiles(path)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        read_profiles(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_profiles(tmp_path / "b.yaml")
