"""The errno decides, identities are compared, and an unknown vendor is never a silent pass."""

from typing import Any

import pytest

from aiconform.checks.framework.inventory import DraDevice, Inventory, PluginOffer
from aiconform.checks.secure_accelerator_access import rules, tenancy
from aiconform.checks.secure_accelerator_access.files import Files, files_of
from aiconform.checks.secure_accelerator_access.listings import (
    making_access,
    opening_access,
    uuids,
    visible,
)
from aiconform.checks.secure_accelerator_access.sites import Site, choose
from aiconform.model.outcome import Outcome
from aiconform.model.plan import NodeFacts

Json = dict[str, Any]
UNKNOWN_SITE = Site(
    mode="plugin", node="n", hostname="n", total=2, free=2, resource="example.com/accel",
    known=False,
)  # fmt: skip


def listing(*numbers: str, error: str | None = "ENXIO", environment: Json | None = None) -> Json:
    devices = [
        {"path": f"/dev/x{n.replace(':', '-')}", "number": n, "kind": "char",
         "opening": {"opened": error is None, "error": error}}
        for n in numbers
    ]  # fmt: skip
    return {
        "devices": devices, "device_count": len(devices), "pod_uid": "u", "made": [],
        "environment": environment or {}, "executed": [], "vendor_files": [],
        "search": {"mounts_complete": True},
    }  # fmt: skip


def granted(found: Json, **allocated: list[str]) -> Json:
    pod = {"found": True, "name": "p", "uid": "u", "ready": True, "node": "n", "phase": "Running"}
    return {"pod": pod, "listing": found, "allocated": {"ids": [], "claimed": [], **allocated}}


def neighbours(found_a: Json, found_b: Json, site: Site = UNKNOWN_SITE) -> Outcome:
    looks = {}
    for short, other in (("a", found_b), ("b", found_a)):
        refused = {"made": True, "nodev": False, "opening": {"opened": False, "error": "EPERM"}}
        numbers = [d["number"] for d in other["devices"]]
        looks[short] = {
            **listing(), "made": [{"number": n, "attempts": [refused]} for n in numbers]
        }  # fmt: skip
    facts = {**granted(found_b), "free_beside_a": 1, "looks": looks}
    return tenancy.two_tenants(site, found_a, {}, facts).outcome


@pytest.mark.parametrize(
    ("error", "access"),
    [
        (None, "reached"), ("ENXIO", "reached"), ("ENODEV", "reached"), ("EBUSY", "reached"),
        ("EPERM", "denied"), ("EACCES", "denied"),
        ("ENOENT", "undecided"), ("HANGS", "undecided"), ("NEVER_OPENED", "undecided"),
        ("EIO", "undecided"),
    ],
)  # fmt: skip
def test_the_errno_tells_whether_a_device_was_reached(error: str | None, access: str) -> None:
    assert opening_access({"opened": error is None, "error": error}) == access


def made(error: str | None, *, nodev: bool = False) -> Json:
    return {"made": True, "nodev": nodev, "opening": {"opened": error is None, "error": error}}


@pytest.mark.parametrize(
    ("attempts", "access"),
    [
        ([made("EPERM")], "denied"),
        ([made("EPERM"), made("ENXIO")], "reached"),
        ([{"made": False, "error": "EPERM"}], "denied"),
        ([{"made": False, "error": "EROFS"}], "undecided"),
        ([{"made": False, "error": "EROFS"}, made("EPERM")], "denied"),
        ([made("EACCES", nodev=True)], "undecided"),
        ([made("EACCES")], "denied"),
        ([made("HANGS"), made("EPERM")], "undecided"),
        ([made("EIO")], "undecided"),
        ([], "undecided"),
    ],
)
def test_making_a_file_decides_where_a_device_could_open(attempts: list[Json], access: str) -> None:
    assert making_access(attempts) == access


def test_a_device_is_found_by_number_under_any_name() -> None:
    found = listing("195:1", "10:229")
    assert [d["number"] for d in visible(found, Files(), known=False, of=("195:0",))] == ["195:1"]
    # A major that many drivers share says nothing of its other numbers.
    assert not visible(listing("10:200"), Files(), known=False, of=("10:229",))
    assert visible(listing("10:229"), Files(), known=False, of=("10:229",))


def test_an_unknown_vendors_single_device_passes_and_several_are_not_judged() -> None:
    one = rules.own_device(UNKNOWN_SITE, {}, granted(listing("240:0")))
    two = rules.own_device(UNKNOWN_SITE, {}, granted(listing("240:0", "240:9")))

    assert one.outcome is Outcome.PASS
    assert (two.outcome, two.reason) == (Outcome.UNKNOWN, "UnknownAccelerator")


def test_unknown_vendors_tenants_need_a_device_that_the_other_has_not() -> None:
    control = "240:9"
    assert neighbours(listing("240:0", control), listing("240:1", control)) is Outcome.PASS
    both = listing("240:0", "240:1")
    assert neighbours(both, both) is Outcome.FAIL


def test_one_uuid_in_two_tenants_is_one_device_whatever_its_number() -> None:
    same = {"NVIDIA_VISIBLE_DEVICES": "GPU-0f0f0f0f-1111-2222-3333-444444444444"}
    first, second = listing("240:0", environment=same), listing("240:1", environment=same)

    assert neighbours(first, second) is Outcome.FAIL
    assert not uuids(listing(environment={"AICONFORM_POD_UID": same["NVIDIA_VISIBLE_DEVICES"]}))


def test_devices_without_files_are_known_by_their_allocation_when_the_site_says_so() -> None:
    facts = granted(listing(), claimed=["d/p/gpu-0"])
    assert rules.own_device(UNKNOWN_SITE, {}, facts).outcome is Outcome.FAIL
    assert rules.own_device(UNKNOWN_SITE, {"deviceFiles": False}, facts).outcome is Outcome.WARN
    unnamed = granted(listing())
    told = rules.own_device(UNKNOWN_SITE, {"deviceFiles": False}, unnamed)
    assert told.outcome is Outcome.UNKNOWN


def test_a_listing_of_another_pod_proves_nothing() -> None:
    facts = granted({**listing("240:0"), "pod_uid": "other"})
    assert rules.own_device(UNKNOWN_SITE, {}, facts).outcome is Outcome.ERROR


def test_a_search_that_was_cut_off_finds_nothing_for_certain() -> None:
    found = {**listing(), "search": {"mounts_complete": False}}
    answer = rules.closed((), found, "it")
    assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, "SearchIncomplete")


def waiting(**changes: Any) -> Json:
    pod = {"found": True, "name": "s", "node": None, "phase": "Pending", "reason": "",
           "message": "", "scheduling": "Unschedulable",
           "scheduling_message": "0/1 nodes: 1 Insufficient example.com/accel"}  # fmt: skip
    state = {"found": True, "name": "a", "uid": "1", "restarts": 0, "phase": "Running"}
    return {"pod": {**pod, **changes}, "asked": 1, "watched_s": 30.0, "moved": False,
            "tenants": {"a": state}, "tenants_after": {"a": state}}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.PASS),
        ({"scheduling_message": "0/1 nodes: 1 Insufficient cpu"}, Outcome.UNKNOWN),
        ({"scheduling": None}, Outcome.UNKNOWN),
        ({"node": "n"}, Outcome.FAIL),
        ({"found": False}, Outcome.UNKNOWN),
    ],
)
def test_a_pod_that_waits_for_something_else_shows_no_capacity_limit(
    changes: Json, outcome: Outcome
) -> None:
    assert tenancy.capacity(UNKNOWN_SITE, waiting(**changes)).outcome is outcome


@pytest.mark.parametrize(
    ("plain", "admin", "outcome"),
    [
        ((True, 201, False), (False, 422, False), Outcome.PASS),
        ((True, 201, False), (True, 201, False), Outcome.PASS),  # an API server without the field
        ((True, 201, False), (True, 201, True), Outcome.FAIL),
        ((False, 422, False), (False, 422, False), Outcome.ERROR),
        ((True, 201, False), (False, 500, False), Outcome.UNKNOWN),
    ],
)
def test_administrative_access_is_refused_only_beside_a_plain_claim(
    plain: tuple[bool, int, bool], admin: tuple[bool, int, bool], outcome: Outcome
) -> None:
    facts = {
        short: {"ok": ok, "status": status, "kept": kept, "message": "m"}
        for short, (ok, status, kept) in (("plain", plain), ("admin", admin))
    }
    assert tenancy.admin_access(facts).outcome is outcome


def test_divided_devices_are_told_by_their_own_files() -> None:
    files = files_of("nvidia.com/mig-1g.10gb", "", {})
    assert files is not None
    assert not files.exact
    assert files.is_control("/dev/nvidia0")
    assert files.is_device("/dev/nvidia-caps/nvidia-cap21")


def test_hardware_that_is_offered_twice_is_tried_once() -> None:
    node = NodeFacts(name="n", ready=True, labels={"kubernetes.io/hostname": "n"})
    device = DraDevice(
        driver="gpu.nvidia.com", pool="n", name="gpu-0", node="n", nodes=("n",), in_use=False,
        accelerator=True,
    )  # fmt: skip
    found = Inventory(
        nodes={"n": node},
        plugin=(PluginOffer("nvidia.com/gpu", "n", 1, 1),),
        devices=(device,),
        classes={"gpu": ("gpu.nvidia.com",)},
        extended={"nvidia.com/gpu": "gpu"},
    )
    assert [site.mode for site in choose(found, {}).sites] == ["dra"]


def test_a_driver_counts_when_it_is_a_vendors_or_the_site_names_its_files() -> None:
    device = DraDevice(
        driver="nic.example.com", pool="n", name="nic-0", node="n", nodes=("n",), in_use=False
    )
    node = NodeFacts(name="n", ready=True)
    found = Inventory(nodes={"n": node}, devices=(device,), classes={"nic": ("nic.example.com",)})
    named = choose(found, {"files": {"nic.example.com": {"devices": ["/dev/nic*"]}}})

    assert not choose(found, {}).sites
    assert [(site.driver, site.known) for site in named.sites] == [("nic.example.com", True)]
