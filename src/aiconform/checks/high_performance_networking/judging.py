"""What the facts prove (pure). Source: spec of the requirement checks, section 7."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Sightings,
    conclude,
    failed,
    passed,
    rule,
    settled,
    skipped,
    still_waits,
    unknown,
    warned,
)
from aiconform.checks.high_performance_networking.links import carried, extras, new_rdma
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]

# Of the bytes that were sent: at least so much over the secondary, and at most over any other.
LEAST_SHARE, MOST_ELSEWHERE = 0.95, 0.05
LEAST_PROPERTIES = 2


def evaluate(seen: Sightings) -> Conclusion:
    facts = seen.facts("networks-found")
    networks = facts.get("networks")
    network: Facts = networks[0] if isinstance(networks, list) and networks else {}
    found = rule(seen, "networks-found", _found)
    needless = seen.settings.get("notNeeded")
    if needless and facts and not (network or facts.get("published")):
        return settled(skipped("NotNeeded", f"the site says: {needless}"), (found.optional(),))
    if not network:
        return settled(found.answer, (found,))
    plain = rule(seen, "plain", lambda f: _plain(f, seen.facts("first")))
    first = rule(seen, "first", lambda f: _given(f, network, seen.facts("plain")))
    rulings = [found, first.controlled_by(plain), plain]
    if network["kind"] == "claim":
        selected = rule(seen, "first", lambda f: _selected(f, network))
        rulings.append(replace(selected, step="selected"))
    if seen.get("second") is not None:
        rulings.append(rule(seen, "second", lambda f: _runs(f, network)))
    rulings.append(rule(seen, "exchange", lambda f: _exchanged(f, seen)))
    if network["kind"] != "attachment":
        rulings.append(
            rule(seen, "nobody-has-it", _waits("CapabilityIgnored")).controlled_by(first)
        )
    if network["kind"] == "claim" and network["exclusive"]:
        rulings.append(rule(seen, "held-is-refused", _waits("GivenTwice")).controlled_by(first))
    return conclude(
        rulings,
        passed=f"{network['what']}: pods get devices of their own, by their properties, and "
        "traffic takes them",
        evidence=("exchange.json",),
    )


def _found(facts: Facts) -> Answer:
    if facts["networks"]:
        network = facts["networks"][0]
        return _described(network)
    if facts["not_permitted"]:
        return unknown("CannotCount", "; ".join(facts["not_permitted"])[:900])
    if facts["published"]:
        told = ", ".join(facts["published"])
        return unknown("NoFreeDevice", f"no free device, or no DeviceClass, of {told}")
    if facts["attachments"]:
        told = ", ".join(facts["attachments"][:5])
        return unknown("NotTried", f"name one of these in the setting attachment: {told}")
    return failed("NotProvided", "nothing offers pods a network device beside their first")


def _described(network: Facts) -> Answer:
    told = network["described"]
    if network["kind"] != "claim":
        return warned("NotThroughDRA", f"{network['what']} is no device that can be claimed")
    if not told:
        return failed("NoCharacteristics", f"{network['what']} tells no property of its devices")
    if "kind" not in told or len(told) - 1 < LEAST_PROPERTIES:
        return warned(
            "FewCharacteristics",
            f"{network['what']} tells {', '.join(told)}, and not the kind of link and two of "
            "bandwidth, rdma, pci, numa, mtu",
        )
    return passed(f"{network['what']} tells {', '.join(told)}")


def _plain(facts: Facts, first: Facts) -> Answer:
    if facts["look"] is None:
        return unknown("NotStarted", f"a pod without a device did not start: {facts['why']}")
    look = first.get("look")
    if not look:  # that pod's own step tells why
        return passed(f"a pod that asked for none runs on {facts['bound']}")
    given = {each["mac"] for each in extras(look, first["ip"])}
    mine = [e["name"] for e in extras(facts["look"], facts["ip"]) if e["mac"] in given]
    if mine:
        return failed("SeenByAll", f"a pod that asked for none has {', '.join(mine)} as well")
    return passed(f"a pod that asked for none on {facts['bound']} has none of it")


def _given(facts: Facts, network: Facts, plain: Facts) -> Answer:
    who = f"a pod that asked for {network['what']}"
    runs = _runs(facts, network)
    if runs.outcome is not Outcome.PASS:
        return runs
    without = plain.get("look")
    if not without:
        return unknown("NoControl", "no pod without a device was seen on that node")
    names = [each["name"] for each in extras(facts["look"], facts["ip"])]
    known = {each["name"] for each in extras(without, plain["ip"])}
    rdma = new_rdma(facts["look"], without)
    fresh = [name for name in names if name not in known]
    if not fresh and not rdma:
        return failed("NoDevice", f"{who} on {facts['bound']} has no interface more than others")
    return passed(f"{who} on {facts['bound']} has {', '.join([*fresh, *rdma])}")


def _runs(facts: Facts, network: Facts) -> Answer:
    who = f"a pod that asked for {network['what']}"
    if facts["bound"] is None:
        return unknown("NotScheduled", f"{who} was not scheduled: {facts['why']}")
    if facts["look"] is None:
        return failed("NotStarted", f"{who} on {facts['bound']} did not run: {facts['why']}")
    if network["kind"] == "claim" and len(facts["devices"]) != 1:
        return failed("NotAllocated", f"{who} runs, and its claim has {facts['devices']}")
    if not _at_home(facts):
        return unknown("PrimaryUnknown", f"no interface of {who} has its address {facts['ip']}")
    return passed(f"{who} runs on {facts['bound']}")


def _at_home(facts: Facts) -> bool:
    """One of its interfaces has the pod's own address, so that all others are further ones."""
    interfaces = (facts.get("look") or {}).get("interfaces") or ()
    return any(facts["ip"] in each["addresses"] for each in interfaces)


def _selected(facts: Facts, network: Facts) -> Answer:
    if not network["cel"]:
        return unknown("NoCharacteristics", "no property of a device can be asked for")
    if facts["bound"] is None:
        return unknown("NotScheduled", facts["why"] or "the pod was not scheduled")
    if facts["bound"] not in network["having"]:
        return failed(
            "WrongNode", f"a pod that asked for {network['cel']} went to {facts['bound']}"
        )
    return passed(f"a pod that asked for {network['cel']} went to {facts['bound']}, which has it")


def _exchanged(facts: Facts, seen: Sightings) -> Answer:
    first = seen.facts("first")
    if not (_at_home(first) and _at_home(seen.facts("second"))):
        return unknown("PrimaryUnknown", "which interface is a pod's first one is not known")
    if None in facts["addresses"]:
        plain = seen.facts("plain").get("look")
        if plain and first.get("look") and new_rdma(first["look"], plain):
            return warned("NeedsVerbs", "its devices have no address: only RDMA could use them")
        return unknown("NoAddress", f"the further interfaces have {facts['addresses']}")
    sent, received, count = facts["sent"], facts["received"], facts["bytes"]
    to, source = facts["addresses"]
    if sent["error"]:
        return failed("NotReachable", f"from {source} to {to}: {sent['error']}")
    if not received["done"] or received["bytes"] != count:
        return failed("NotArrived", f"{received['bytes']} of {count} bytes arrived at {to}")
    for who, number, address, direction in (
        ("the sender", 1, source, "tx_bytes"), ("the receiver", 0, to, "rx_bytes"),
    ):  # fmt: skip
        own, others = carried(
            facts["before"][number], facts["after"][number], address=address, direction=direction
        )
        if own is None:
            return unknown("NotCounted", f"the interface of {address} does not count its bytes")
        if own < LEAST_SHARE * count:
            return failed(
                "OtherPath",
                f"{who}'s interface with {address} carried {own} of {count} bytes; others {others}",
            )
        if elsewhere := {n: b for n, b in others.items() if b >= MOST_ELSEWHERE * count}:
            return failed("OtherPath", f"{who} carried bytes over {elsewhere} as well")
    rate = count * 8 / received["seconds"] / 1e9 if received["seconds"] else None
    told = f" at {rate:.2f} Gbit/s" if rate else ""
    return passed(f"{count} bytes from {source} to {to}{told}, over these interfaces")


def _waits(reason: str) -> Callable[[Facts], Answer]:
    def judge(facts: Facts) -> Answer:
        bound = failed(reason, f"a pod for what nobody can have went to {facts['bound']}")
        return still_waits(facts, "it", bound=bound)

    return judge
