"""The collector's certificate outlives the pod that made it, as long as its volume does."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiconform.campaign.certificate import forget, kept_certificate
from aiconform.collector.certificate import Certificate

NOW = datetime(2027, 1, 14, 10, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".run.collector"


def asked(
    path: Path, *, service: str = "10.0.0.7", pod_ip: str = "10.1.0.1", now: datetime = NOW
) -> Certificate:
    return kept_certificate(path, names=("collector",), service=service, pod_ip=pod_ip, now=now)


def test_successor_on_another_address_takes_it_over(path: Path) -> None:
    first = asked(path)

    assert asked(path, pod_ip="10.1.0.2") == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lost_volume_makes_another_authority(path: Path) -> None:
    first = asked(path)
    forget(path)

    assert asked(path).ca_pem != first.ca_pem


def test_one_for_another_address_is_replaced(path: Path) -> None:
    first = asked(path)

    replaced = asked(path, service="10.0.0.8")

    assert replaced.ca_pem != first.ca_pem
    assert asked(path, service="10.0.0.8") == replaced


def test_expired_one_is_replaced(path: Path) -> None:
    first, later = asked(path), NOW + timedelta(days=8)

    assert asked(path, now=later).ca_pem != first.ca_pem


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ca_pem": ', '{"a": 1}'])
def test_torn_one_is_replaced(path: Path, text: str) -> None:
    path.write_text(text)

    made = asked(path)

    assert asked(path) == made


def test_volume_that_takes_nothing_costs_only_the_handover(tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / ".run.collector"

    assert asked(nowhere).covers(("10.0.0.7",), at=NOW)
