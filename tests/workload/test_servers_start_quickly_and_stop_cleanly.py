"""Each server starts from the standard library alone, teaches, and ends on SIGTERM."""

import subprocess
import sys

import pytest

from aiconform.workload.__main__ import SERVERS
from tests.workload.support import finished, process


@pytest.mark.parametrize("server", SERVERS)
def test_help_teaches_with_examples(server: str) -> None:
    done = finished(server, "--help")

    assert done.returncode == 0
    assert f"python3 -m aiconform.workload {server}" in done.stdout
    assert "examples:" in done.stdout
    assert "--nonce" in done.stdout


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("echo", "--port", "70000"), ("load", "ftp://x"), ("barrier",)]
)
def test_wrong_flags_are_told_with_status_two(arguments: tuple[str, ...]) -> None:
    done = finished(*arguments)

    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("server", SERVERS)
def test_server_loads_no_library_and_no_other_room(server: str) -> None:
    """What a pod has to import decides how soon it is up."""
    program = (
        "import sys\n"
        f"import aiconform.workload.{server}.command\n"
        "print([n for n in sys.modules if n.split('.')[0] in "
        "('pydantic', 'aiohttp', 'kopf', 'kubernetes', 'structlog', 'click') or "
        "n.startswith('aiconform.') and not n.startswith('aiconform.workload')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("server", ["echo", "metrics"])
def test_server_says_its_nonce_and_ends_with_zero(server: str) -> None:
    with process(server, "--port", "0", "--nonce", "n7", environ={"AICONFORM_POD_UID": "u"}) as it:
        listening = it.line()
        status = it.end()
        stopped = it.line()

    assert listening["event"] == f"{server}.listening"
    assert (listening["nonce"], listening["pod_uid"]) == ("n7", "u")
    assert stopped["event"] == f"{server}.stopped"
    assert status == 0


def test_one_shot_that_is_stopped_does_not_end_well() -> None:
    """A rank or a burn that was cut short must not look complete."""
    with process("burn", "--seconds", "60", "--engine", "none", "--buffer", "1Mi") as it:
        it.line()
        status = it.end()

    assert status == 143


def test_taken_port_is_told() -> None:
    with process("echo", "--port", "0") as it:
        port = it.line()["port"]
        done = finished("echo", "--port", str(port))

    assert done.returncode == 1
    assert f":{port}" in done.stderr
    assert "Traceback" not in done.stderr
