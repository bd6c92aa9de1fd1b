"""The Deployment on trial: its value set, its replicas watched, row by row."""

from collections.abc import Callable, Sequence
from typing import Any

from aiconform.checks.framework import Change, Context, Step, UnavailableError
from aiconform.checks.pod_autoscaling.kinds import METRIC, PORT
from aiconform.checks.pod_autoscaling.objects import APP_LABEL
from aiconform.checks.pod_autoscaling.samples import is_ready, replicas_told, row
from aiconform.checks.pod_autoscaling.ways import Way
from aiconform.cluster.resources import HORIZONTAL_POD_AUTOSCALER, POD

Json = dict[str, Any]

EVERY_S = 2.0


class Trial:
    """
    Args:
        changes: The autoscaler's, as they come.

    Attributes:
        rows: Every look since the beginning.
        source: The pod that serves the metric beside the Deployment; "": the pods themselves do.
    """

    def __init__(self, ctx: Context, way: Way, *, app: str, changes: Sequence[Change]) -> None:
        self._ctx, self._way, self._app, self._changes = ctx, way, app, changes
        self.rows: list[Json] = []
        self.source = ""
        self.hpa = ""
        self.value: float | None = None
        self._began = ctx.now()

    async def pods(self) -> list[Json]:
        """Of the Deployment, those that are not ending, the oldest first."""
        found = await self._ctx.find(POD, labels=f"{APP_LABEL}={self._app}")
        there = [
            pod for pod in found
            if not pod["metadata"].get("deletionTimestamp")
            and (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}
        ]  # fmt: skip
        return sorted(
            there, key=lambda p: (p["metadata"].get("creationTimestamp") or "",
                                  p["metadata"]["name"])
        )  # fmt: skip

    async def set(self, value: float) -> None:
        """The whole value goes to the first pod that serves the metric, and none to others."""
        serving = await self._serving()
        if not serving:
            raise UnavailableError("NoSource", "no pod of ours is ready to be set")
        for number, pod in enumerate(serving):
            told = value if number == 0 else 0
            body = f'{{"name": "{METRIC}", "value": {told}, "type": "gauge"}}'
            answer = await self._ctx.http("POST", f"{base_url(pod)}/set", body=body)
            if answer.status != 200:
                raise UnavailableError("SourceRefused", f"our server answers {answer.status}")
        self.value = value

    async def stop(self) -> None:
        """Scrapes of the pods that are ready fail from now on."""
        for pod in await self._serving():
            await self._ctx.http("POST", f"{base_url(pod)}/stop", body="{}")

    async def look(self) -> Json:
        """One row, kept."""
        pods = await self.pods()
        reading = await self._way.read(pods)
        hpa = await self._ctx.get(HORIZONTAL_POD_AUTOSCALER, self.hpa)
        found = row(
            t_s=self._ctx.now() - self._began, value=self.value, seen=reading.total,
            told=reading.told, hpa=hpa, pods=pods,
        )  # fmt: skip
        self.rows.append(found)
        return found

    async def until(
        self, seen: Step, key: str, condition: Callable[[Json], bool], *, limit_s: float
    ) -> bool:
        """Look until the condition holds or the time has passed; the rows become facts."""
        began, rows = self._ctx.now(), list[Json]()
        seen[key], seen[f"{key}_limit_s"] = rows, round(limit_s)
        while True:
            rows.append(await self.look())
            if condition(rows[-1]):
                return True
            if self._ctx.now() - began + EVERY_S > limit_s:
                return False
            await self._ctx.sleep(EVERY_S)

    async def settle(self, seen: Step, *, replicas: int, limit_s: float) -> bool:
        """Until the metrics API tells what was set, and the autoscaler reckons with it."""
        value = self.value
        assert value is not None

        def reckoned(found: Json) -> bool:
            average = value / replicas
            return bool(
                found["active"] == "True" and found["seen"] == value and found["average"] == average
            )

        seen["replicas"] = replicas
        return await self.until(seen, "settle", reckoned, limit_s=limit_s)

    async def hold(self, seen: Step, seconds: float) -> bool:
        """
        Look for so long, whatever is seen; with all that the autoscaler said meanwhile.

        Returns:
            Whether it wanted as many replicas all the time.
        """
        mark, began = len(self._changes), self._ctx.now()
        rows = [await self.look()]
        seen["held"], seen["hold_s"] = rows, seconds
        while rows[-1]["t_s"] - rows[0]["t_s"] < seconds and self._ctx.now() - began < 3 * seconds:
            await self._ctx.sleep(EVERY_S)
            rows.append(await self.look())
        seen["told"] = replicas_told(self._changes[mark:], hpa=self.hpa)
        return len({row["desired"] for row in rows}) == 1

    async def _serving(self) -> list[Json]:
        if self.source:
            pod = await self._ctx.get(POD, self.source)
            return [pod] if pod else []
        return [pod for pod in await self.pods() if is_ready(pod)]


def base_url(pod: Json) -> str:
    ip = str(pod["status"]["podIP"])
    return f"http://[{ip}]:{PORT}" if ":" in ip else f"http://{ip}:{PORT}"
