"""Which accelerators of whom are on which node, and by what one of them is asked for (pure)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from aiconform import catalogue
from aiconform.catalogue.drivers import Driver, drivers
from aiconform.checks.framework import DraDevice, Inventory, PluginOffer, UnavailableError

Json = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """
    The accelerators of one maker on one node.

    Attributes:
        maker: A vendor's id, or the resource or DRA driver that only the site describes.
        resource, device_class: By which a free one is asked for; both empty: none is free.
        device: Of the class that is asked for: its DRA driver.
        usable: The node takes pods.
        free: None: not known.
    """

    maker: str
    node: str
    total: int
    free: int | None
    usable: bool
    taints: tuple[str, ...] = ()
    resource: str = ""
    device: str = ""
    device_class: str = ""
    product: str = ""

    @property
    def group(self) -> str:
        """Nodes that are alike."""
        return f"{self.maker}/{self.product or 'any'}/{self.total}"

    def facts(self) -> Json:
        return {**asdict(self), "taints": list(self.taints), "group": self.group}


def described(settings: Mapping[str, Any]) -> dict[str, Driver]:
    """
    The drivers that are known here, by vendor, and by resource or DRA driver as the site has them.

    Raises:
        UnavailableError: The site's description cannot be read.
    """
    told = settings.get("drivers") or {}
    try:
        return {**drivers(), **{name: Driver.model_validate(each) for name, each in told.items()}}
    except (ValidationError, AttributeError) as exc:
        raise UnavailableError("SettingUnreadable", f"the setting drivers: {exc}"[:900]) from exc


def maker_of(name: str, known: Mapping[str, Driver]) -> str:
    """Of a resource or DRA driver: as the site describes it, else its vendor, else itself."""
    if name in known:
        return name
    for vendor in catalogue.vendors():
        if vendor.owns(name) or name in vendor.dra_drivers:
            return vendor.id
    return name


def units_of(
    found: Inventory, known: Mapping[str, Driver], labels: Mapping[str, Mapping[str, str]],
    *, classes: Mapping[str, str],
) -> list[Unit]:  # fmt: skip
    """
    One unit for each maker and node, whether its devices are plugged in, claimed, or both.

    Args:
        labels: Of every node by name.
        classes: DRA driver → the DeviceClass that the site names for it.
    """
    claimed: dict[tuple[str, str], list[DraDevice]] = defaultdict(list)
    for device in found.devices:
        maker = maker_of(device.driver, known)
        if device.accelerator or maker in known:
            for node in device.nodes if device.node is None else (device.node,):
                claimed[maker, node].append(device)
    plugged: dict[tuple[str, str], list[PluginOffer]] = defaultdict(list)
    for offer in found.plugin:
        if offer.total:
            plugged[maker_of(offer.resource, known), offer.node].append(offer)
    keys = sorted({*claimed, *plugged})
    return [
        _unit(found, key, claimed[key], plugged[key], known.get(key[0]), labels, classes)
        for key in keys
    ]


def _unit(
    found: Inventory, key: tuple[str, str], claimed: list[DraDevice], plugged: list[PluginOffer],
    driver: Driver | None, labels: Mapping[str, Mapping[str, str]], classes: Mapping[str, str],
) -> Unit:  # fmt: skip
    maker, node = key
    usable = node in found.nodes
    taints = found.nodes[node].taints if usable else ()
    served = {resource for resource in found.extended if claimed}
    plugged = [offer for offer in plugged if offer.resource not in served] if claimed else plugged
    device = next((d for d in _best(claimed) if _class(found, d, classes)), None)
    offer = max(plugged, key=lambda o: o.free or 0, default=None)
    by_claim = usable and device is not None
    by_plugin = usable and not by_claim and offer is not None and bool(offer.free)
    counts = [d.free for d in claimed] if claimed else []
    free = sum(map(bool, counts)) if claimed else sum(o.free or 0 for o in plugged)
    blind = None in counts or any(o.free is None for o in plugged)
    return Unit(
        maker=maker, node=node, usable=usable,
        total=len(claimed) or sum(o.total for o in plugged),
        free=None if blind else free,
        taints=tuple(sorted({t.key for t in taints if t.keeps_pods_away})),
        resource=offer.resource if by_plugin and offer else "",
        device=device.driver if by_claim and device else "",
        device_class=_class(found, device, classes) if by_claim and device else "",
        product=_product(labels.get(node, {}), driver, claimed),
    )  # fmt: skip


def _best(devices: Iterable[DraDevice]) -> list[DraDevice]:
    """Free ones, those first that nobody shares."""
    return sorted((d for d in devices if d.free), key=lambda d: (d.shared, d.pool, d.name))


def _class(found: Inventory, device: DraDevice, classes: Mapping[str, str]) -> str:
    return classes.get(device.driver) or found.class_for(device.driver) or ""


def _product(labels: Mapping[str, str], driver: Driver | None, claimed: list[DraDevice]) -> str:
    for key in driver.product_labels if driver else ():
        if labels.get(key):
            return labels[key]
    names = {str((d.attributes.get("productName") or {}).get("string") or "") for d in claimed}
    return "+".join(sorted(names - {""}))
