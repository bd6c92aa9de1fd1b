"""A device is found by its number, whatever its name and place, and tried only when asked for."""

import argparse
import errno
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from aiconform.workload.devices.finding import Found, find_devices
from aiconform.workload.devices.looking import Ask, look
from aiconform.workload.devices.mounts import parse_mountinfo
from aiconform.workload.devices.numbers import Number, parse_numbers, parse_wanted
from aiconform.workload.devices.opening import NEVER, try_make, try_open
from tests.workload.support import finished, last_line, process

NULL = Number(1, 3)
ABSENT = Number(240, 77)  # of the range for local use: nobody drives it

needs_mknod = pytest.mark.skipif(os.geteuid() != 0, reason="making device files needs root")

MOUNTINFO = """\
21 1 0:20 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a
22 21 0:21 / /proc rw,nosuid,nodev,noexec - proc proc rw
23 21 0:22 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
24 23 0:6 /fuse /dev/a\\040b rw,nosuid - devtmpfs devtmpfs rw
25 21 0:30 / /tmp rw,nosuid,nodev - tmpfs tmpfs rw
broken line
"""


def test_mounts_are_read_with_their_flags_and_odd_names() -> None:
    mounts = parse_mountinfo(MOUNTINFO)

    assert [mount.point for mount in mounts] == ["/", "/proc", "/dev", "/dev/a b", "/tmp"]
    assert [mount.walked for mount in mounts] == [True, False, True, True, True]
    assert mounts[3].root == "/fuse"
    assert "nodev" in mounts[4].options


@needs_mknod
def test_device_is_found_in_any_place_under_any_name(tmp_path: Path) -> None:
    hidden = tmp_path / "opt" / ".cache"
    hidden.mkdir(parents=True)
    os.mknod(hidden / "holiday.jpg", 0o600 | stat.S_IFCHR, os.makedev(195, 7))
    (tmp_path / "link").symlink_to("/dev/null")

    found = find_devices((), root=str(tmp_path))

    (device,) = found.devices
    assert (device.kind, device.number, device.standard) == ("char", Number(195, 7), False)
    assert device.path == str(hidden / "holiday.jpg")
    assert found.root_complete


@needs_mknod
def test_mount_points_that_are_devices_are_found(tmp_path: Path) -> None:
    node = tmp_path / "node"
    os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(10, 229))
    mounts = parse_mountinfo(f"24 23 0:6 /fuse {node} rw - devtmpfs devtmpfs rw\n")

    found = find_devices(mounts, root=str(tmp_path / "elsewhere"))

    assert [device.number for device in found.devices] == [Number(10, 229)]


def test_vendor_files_are_found_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libcuda.so.1").touch()
    (tmp_path / "lib" / "libc.so.6").touch()

    found = find_devices((), names=("libcuda.so*",), root=str(tmp_path))

    assert found.named == (str(tmp_path / "lib" / "libcuda.so.1"),)


def test_search_that_could_not_be_finished_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing found in half a search is not nothing."""
    monkeypatch.setattr("aiconform.workload.devices.finding.ENTRY_LIMIT", 0)

    found: Found = find_devices((), root="/")

    assert not found.root_complete
    assert not found.mounts_complete


def test_open_device_is_told_from_an_absent_one() -> None:
    opened, fd = try_open("/dev/null", NULL)
    absent, none = try_open("/dev/no-such-device", ABSENT)

    assert fd is not None
    os.close(fd)
    assert (opened.opened, opened.error, opened.mode) == (True, None, "rdwr")
    assert (absent.opened, absent.error, none) == (False, "ENOENT", None)


@needs_mknod
def test_made_device_is_opened_and_removed_again(tmp_path: Path) -> None:
    (made,) = try_make(NULL, (), directories=(str(tmp_path),))
    (undriven,) = try_make(ABSENT, (), directories=(str(tmp_path),))

    assert made.made
    assert made.opening is not None
    assert made.opening.opened
    assert undriven.opening is not None
    assert undriven.opening.error in ("ENXIO", "ENODEV")
    assert list(tmp_path.iterdir()) == []


def test_refused_mknod_tells_its_errno(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "mknod", refuse)

    (making,) = try_make(NULL, (), directories=(str(tmp_path),))

    assert (making.made, making.error, making.opening) == (False, "EPERM", None)


def test_nodev_mount_is_told_because_it_proves_nothing(tmp_path: Path) -> None:
    mounts = parse_mountinfo(
        f"1 0 0:1 / / rw - overlay o rw\n2 1 0:2 / {tmp_path} rw,nodev - tmpfs t rw\n"
    )

    (making,) = try_make(NULL, mounts, directories=(str(tmp_path),))

    assert making.nodev is True


def test_watchdog_is_never_opened() -> None:
    """Opening it can restart the machine."""
    by_number, _ = try_open("/dev/null", Number(10, 130))
    by_name, _ = try_open("/dev/watchdog0", Number(248, 0))
    (made,) = try_make(Number(10, 130), ())

    assert (by_number.error, by_name.error, made.error) == (NEVER, NEVER, NEVER)


def test_only_what_was_asked_for_is_opened() -> None:
    seen = look(Ask(open=(parse_wanted("1:3-5"), parse_wanted("/dev/ran*"))), hold=True)
    for fd in seen.held:
        os.close(fd)

    by_path = {device["path"]: device for device in seen.facts["devices"]}
    assert by_path["/dev/null"]["opening"]["opened"]
    assert by_path["/dev/random"]["opening"]["opened"]
    assert by_path["/dev/urandom"]["opening"] is None
    assert seen.facts["held"] == len(seen.held) > 0


def test_program_that_the_image_lacks_is_not_an_empty_listing() -> None:
    executed = look(Ask(execute=("no-such-smi -L", "echo one two"))).facts["executed"]

    assert [(each["found"], each["status"]) for each in executed] == [(False, None), (True, 0)]
    assert executed[1]["output"] == "one two\n"


@pytest.mark.parametrize("wrong", ["", "195", "a:b", "195:3-1", "195:0-9999", "-1:0", "1:2:3"])
def test_numbers_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_numbers(wrong)


def test_line_tells_identity_and_surroundings_without_secrets() -> None:
    done = finished(
        "devices", "--nonce", "d1",
        environ={
            "AICONFORM_POD_UID": "u1",
            "NVIDIA_VISIBLE_DEVICES": "all",
            "NVIDIA_API_KEY": "s3cret",
            "HOME_SWEET": "x",
        },
    )  # fmt: skip

    seen = last_line(done)
    assert (seen["event"], seen["nonce"], seen["pod_uid"]) == ("devices.seen", "d1", "u1")
    assert seen["environment"]["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert "HOME_SWEET" not in seen["environment"]
    assert "s3cret" not in done.stdout
    assert seen["uid"] == os.getuid()
    assert seen["uid_map"]
    assert {"path", "kind", "major", "minor", "opening"} <= set(seen["devices"][0])


def test_it_looks_again_on_request() -> None:
    with process("devices", "--port", "0", "--host", "127.0.0.1", "--nonce", "d2") as it:
        first = it.line()
        port = it.line()["port"]
        done = finished(
            "load", f"http://127.0.0.1:{port}/look", "--method", "POST", "--samples", "--answers",
            "--body", json.dumps({"open": ["1:3"]}), "--timeout", "40",
        )  # fmt: skip
        refused = finished(
            "load", f"http://127.0.0.1:{port}/look", "--method", "POST", "--body", '{"open": 1}'
        )
        again = it.line()
        status = it.end()

    assert first["event"] == again["event"] == "devices.seen"
    assert _opened(first) == []
    assert "/dev/null" in _opened(again)
    assert last_line(done)["by_status"] == {"200": 1}
    assert last_line(refused)["by_status"] == {"400": 1}
    assert status == 0


def test_stay_is_cut_short_by_sigterm() -> None:
    with process("devices", "--sleep", "60", "--hold") as it:
        it.line()
        began = time.monotonic()
        status = it.end()

    assert status == 143
    assert time.monotonic() - began < 2


def _opened(seen: dict[str, Any]) -> list[str]:
    return [device["path"] for device in seen["devices"] if device["opening"] is not None]


def test_files_are_read_and_absent_ones_told(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("Kernel Module 1.4.2\n")
    (tmp_path / "long").write_text("x" * 100_000)

    seen = look(Ask(read=(f"{tmp_path}/v*", f"{tmp_path}/long", f"{tmp_path}/none")))

    version, long, none = seen.facts["texts"]
    assert version["text"] == "Kernel Module 1.4.2\n"
    assert len(long["text"]) == 4000
    assert (none["text"], none["error"]) == (None, "ENOENT")


def test_command_reads_files(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("1.4.2")

    line = last_line(finished("devices", "--read", str(tmp_path / "version")))

    assert line["texts"][0]["text"] == "1.4.2"


def test_relative_path_is_refused() -> None:
    assert finished("devices", "--read", "version").returncode == 2
