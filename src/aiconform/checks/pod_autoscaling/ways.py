"""The ways from a metric to the autoscaler: what each makes, and what it tells of our value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiconform.checks.framework import Context, RefusedError
from aiconform.checks.pod_autoscaling import objects
from aiconform.checks.pod_autoscaling.discovery import external_name
from aiconform.checks.pod_autoscaling.kinds import (
    METRIC,
    SCALED_OBJECT,
    external_metric,
    pod_metrics,
    quantity,
)
from aiconform.cluster.resources import HORIZONTAL_POD_AUTOSCALER
from aiconform.cluster.trouble import mapping, mappings
from aiconform.model.errors import ClusterError, ForbiddenError

Json = dict[str, Any]
KEDA_S = 120.0


@dataclass(frozen=True)
class Reading:
    """What the metrics API tells: the sum over our series; None: nothing, and `told` says why."""

    total: float | None
    told: str = ""


class Way(Protocol):
    """
    Attributes:
        in_app: The pods that are scaled serve the metric themselves; else a pod beside them.
    """

    in_app: bool

    async def make(self, *, of: str, source: str) -> str | None:
        """
        Make the autoscaler of a Deployment.

        Args:
            source: Base URL of the gauge.

        Returns:
            The HorizontalPodAutoscaler's name; None: the platform did not make it.
        """
        ...

    async def read(self, pods: Sequence[Mapping[str, Any]]) -> Reading:
        """Ask the metrics API as the autoscaler does; `pods`: those that are scaled."""
        ...


def way_of(name: str, version: str, ctx: Context) -> Way:
    match name:
        case "custom":
            return CustomWay(ctx, version)
        case "keda":
            return KedaWay(ctx)
    return ExternalWay(ctx)


class CustomWay:
    """custom.metrics.k8s.io: a metric of each pod."""

    in_app = True

    def __init__(self, ctx: Context, version: str) -> None:
        self._ctx, self._version = ctx, version
        self._metric = str(ctx.settings.get("metric") or METRIC)

    async def make(self, *, of: str, source: str) -> str:
        name = self._ctx.name("hpa")
        metric = objects.pods_metric(self._metric)
        await self._ctx.apply(
            HORIZONTAL_POD_AUTOSCALER, objects.autoscaler(name, of=of, metric=metric)
        )
        return name

    async def read(self, pods: Sequence[Mapping[str, Any]]) -> Reading:
        try:
            found = await self._ctx.get(pod_metrics(self._version), "*", subresource=self._metric)
        except ForbiddenError:
            raise
        except (ClusterError, RefusedError) as exc:  # the platform's pipeline is what is tested
            return Reading(None, str(exc)[:200])
        if found is None:
            return Reading(None, f"there is no metric {self._metric} of pods")
        ours = {pod["metadata"]["name"] for pod in pods}
        values = [
            quantity(item.get("value"))
            for item in mappings(found.get("items"))
            if mapping(item.get("describedObject")).get("name") in ours
        ]
        return _sum(values, f"{self._metric} is told of no pod of ours")


class ExternalWay:
    """external.metrics.k8s.io: a metric that the site names."""

    in_app = False

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._name = external_name(ctx.settings)
        labels = mapping(mapping(ctx.settings.get("external")).get("labels"))
        self._labels = {str(key): str(value) for key, value in labels.items()}

    async def make(self, *, of: str, source: str) -> str:
        name = self._ctx.name("hpa")
        metric = objects.external_metric_source(self._name, self._labels)
        await self._ctx.apply(
            HORIZONTAL_POD_AUTOSCALER, objects.autoscaler(name, of=of, metric=metric)
        )
        return name

    async def read(self, pods: Sequence[Mapping[str, Any]]) -> Reading:
        return await read_external(self._ctx, self._name, self._labels)


class KedaWay:
    """KEDA: it makes the autoscaler, and serves its metric as an external one."""

    in_app = False

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._object = ctx.name("scaled")
        self._metric = ""

    async def make(self, *, of: str, source: str) -> str | None:
        made = objects.scaled_object(self._object, of=of, trigger=self._trigger(source))
        await self._ctx.apply(SCALED_OBJECT, made)
        found = await self._ctx.wait_for(SCALED_OBJECT, self._object, _taken_up, limit_s=KEDA_S)
        if found is None:
            return None
        status = mapping(found["status"])
        self._metric = str(status["externalMetricNames"][0])
        return str(status.get("hpaName") or f"keda-hpa-{self._object}")

    async def read(self, pods: Sequence[Mapping[str, Any]]) -> Reading:
        labels = {"scaledobject.keda.sh/name": self._object}
        return await read_external(self._ctx, self._metric, labels)

    def _trigger(self, source: str) -> Json:
        given = mapping(self._ctx.settings.get("keda"))
        if server := given.get("serverAddress"):
            query = given.get("query") or f'sum({METRIC}{{run="{self._ctx.nonce}"}})'
            return objects.prometheus_trigger(str(server), str(query))
        return objects.direct_trigger(source)


async def read_external(ctx: Context, name: str, labels: Mapping[str, str]) -> Reading:
    """The sum over the series of an external metric."""
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    try:
        items = await ctx.find(external_metric(name), labels=selector)
    except ForbiddenError:
        raise
    except (ClusterError, RefusedError) as exc:  # the platform's pipeline is what is tested
        return Reading(None, str(exc)[:200])
    return _sum([quantity(item.get("value")) for item in items], f"{name} has no value")


def _sum(values: Sequence[float | None], otherwise: str) -> Reading:
    told = [value for value in values if value is not None]
    return Reading(sum(told)) if told else Reading(None, otherwise)


def _taken_up(found: Json) -> bool:
    return bool(mapping(found.get("status")).get("externalMetricNames"))
