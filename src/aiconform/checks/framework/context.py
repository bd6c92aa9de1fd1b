"""What a check's `run` is given: the only way to touch the cluster, so that manners hold."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.errors import (
    ImageError,
    ManifestUnsafeError,
    TimeBoxPassedError,
)
from aiconform.checks.framework.evidence import as_yaml, evidence_file
from aiconform.checks.framework.looking import Looking
from aiconform.checks.framework.manners import prefix_of
from aiconform.checks.framework.refusals import Security
from aiconform.checks.framework.rights import Workplace
from aiconform.checks.framework.steps import Step
from aiconform.checks.framework.surroundings import Surroundings
from aiconform.checks.framework.waiting import Waiting
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.objects import PatchStyle, Reply
from aiconform.cluster.resources import POD, Resource

Json = dict[str, Any]
T = TypeVar("T")

START_S = 300.0
GONE_S = 120.0
# A kubelet that could not prepare a claim, as when the API server did not know yet that its pod is
# on that node, tries again at its next look at the pod, after up to 90 s. Source: kubelet, 1.37.
PREPARE_S = 180.0
_ENDED = frozenset({"Succeeded", "Failed"})
_IMAGE_WORDS = ("Image", "Registry", "SignatureValidationFailed")


class Context(Looking):
    """
    One check at work.

    Every call raises what ends its step and not the check: ForbiddenError (a right is missing),
    RefusedError (the API server did not take it), ImageError, HttpError, ClusterError. A defect of
    the check (ManifestUnsafeError, UndeclaredError) ends the check.
    """

    def __init__(self, check: Check, surroundings: Surroundings) -> None:
        super().__init__(check, surroundings)
        self._manners = surroundings.manners(check)
        self._steps: list[Step] = []
        self.waiting = Waiting(surroundings.clock)

    # --- what was seen -------------------------------------------------------------------------

    def step(self, name: str) -> Step:
        """`async with`: record what the block puts into the step; see `Step`."""
        step = Step(self.check.id, name, record=self._around.record, clock=self._around.clock)
        self._steps.append(step)
        return step

    async def see(self, step: str, facts: Mapping[str, Any]) -> None:
        """A step that is nothing but these facts."""
        async with self.step(step) as seen:
            seen.update(facts)

    async def file(self, path: str, text: str) -> None:
        """An evidence file in `checks/<id>/`: objects/…, logs/…; tokens are taken out."""
        await self._around.record(evidence_file(self.check.id, path, text))

    async def save(self, path: str, found: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Objects as an evidence file, in YAML."""
        await self.file(path, as_yaml(found))

    # --- making and changing: our namespaces only ----------------------------------------------

    def name(self, short: str) -> str:
        """The full name of an object of this check: every name begins with the check's."""
        return f"{prefix_of(self.check.id)}-{short}"

    async def apply(
        self, resource: Resource, manifest: Mapping[str, Any], *, namespace: Workplace = "work"
    ) -> Json:
        """
        Create an object of ours, dressed by `manners`; returns it as the API server has it.

        `apiVersion`, `kind`, namespace, labels, image, security, priority, resources, tolerations
        and a time limit are added. It is removed at the end of the check at the latest.
        """
        made = self._dressed(resource, manifest, namespace)
        reply = await self._create(resource, made, namespace, dry_run=False)
        if reply.status == 409 and reply.reason == "AlreadyExists":
            # A create whose answer was lost and that was sent again: is it what we sent?
            there = await self._around.objects.get(
                resource, made["metadata"]["name"], namespace=self._around.namespace(namespace)
            )
            if there.ok and self._manners.own(there.body):
                return there.body
        return self._taken("create", resource, made["metadata"]["name"], reply)

    async def attempt(
        self,
        resource: Resource,
        manifest: Mapping[str, Any],
        *,
        namespace: Workplace = "work",
        dry_run: bool = True,
        unsafe: bool = False,
    ) -> Reply:
        """
        Ask for a create and return the answer, whatever it is: to see what admission refuses.

        Args:
            unsafe: In a dry run only: the manifest goes as it is, but for namespace and labels.
        """
        if unsafe and not dry_run:
            raise ManifestUnsafeError("only a dry run may ask for what a check must not make")
        where = self._around.namespace(namespace)
        if unsafe:
            metadata = self._manners.labelled(manifest, resource=resource, namespace=where)
            made = {**manifest, "apiVersion": resource.api_version, "kind": resource.kind}
            made["metadata"] = metadata
        else:
            made = self._dressed(resource, manifest, namespace)
        return await self._create(resource, made, namespace, dry_run=dry_run)

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        *,
        namespace: Workplace = "work",
        subresource: str = "",
        style: PatchStyle = "merge",
        dry_run: bool = False,
    ) -> Json:
        """Change an object of ours. `style` json: `patch` is a list of operations."""
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        self._declared("patch", resource.group, plural, namespace)
        self._manners.refuse_unsafe(patch, security=_security(namespace))
        self._known_ours(resource, name)
        reply = await self._around.objects.patch(
            resource, name, patch, namespace=self._around.namespace(namespace),
            subresource=subresource, style=style, dry_run=dry_run,
        )  # fmt: skip
        return self._taken("patch", resource, name, reply)

    async def delete(
        self, resource: Resource, found: Mapping[str, Any], *, namespace: Workplace = "work"
    ) -> None:
        """
        Delete an object of ours, or one that a controller made from it (its labels say so).

        Args:
            found: The object as `apply`, `get` or `find` gave it.
        """
        self._declared("delete", resource.group, resource.plural, namespace)
        metadata = found["metadata"]
        if not self._manners.own(found):
            raise ManifestUnsafeError(f"{resource.kind} {metadata['name']} is not of this check")
        reply = await self._around.objects.delete(
            resource, metadata["name"], namespace=self._around.namespace(namespace),
            uid=metadata["uid"], grace_s=None,
        )  # fmt: skip
        if reply.status not in {404, 409}:  # gone, or another object of that name
            self._taken("delete", resource, metadata["name"], reply)

    @property
    def scale_class(self) -> str:
        """The priority class of pods for which an autoscaler may add nodes."""
        return self._manners.scale

    # --- waiting -------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        """Wait; ends the check when its time box is over."""
        left_s = max(0.0, self.deadline - self.now())
        with self.waiting.asleep():
            await self._around.sleep(min(seconds, left_s))
        if seconds > left_s:
            raise TimeBoxPassedError

    async def until(
        self, look: Callable[[], Awaitable[T | None]], *, limit_s: float, every_s: float = 0.5
    ) -> T | None:
        """Look again and again; the first answer that is true, or None when the time has passed."""
        deadline = self.now() + limit_s
        while True:
            if found := await look():
                return found
            if self.now() + every_s > deadline:
                return None
            await self.sleep(every_s)

    async def wait_for(
        self,
        resource: Resource,
        name: str,
        condition: Callable[[Json], bool],
        *,
        limit_s: float,
        namespace: Workplace = "work",
    ) -> Json | None:
        """The object once the condition holds; None when it did not within the time."""

        async def look() -> Json | None:
            found = await self.get(resource, name, namespace=namespace)
            return found if found is not None and condition(found) else None

        return await self.until(look, limit_s=limit_s)

    async def gone(
        self,
        resource: Resource,
        name: str,
        *,
        limit_s: float = GONE_S,
        namespace: Workplace = "work",
    ) -> bool:
        """Wait until there is no such object; False when it is still there."""

        async def look() -> bool | None:
            return await self.get(resource, name, namespace=namespace) is None or None

        return bool(await self.until(look, limit_s=limit_s))

    async def pod_ready(
        self, name: str, *, limit_s: float = START_S, namespace: Workplace = "work"
    ) -> Json | None:
        """
        The pod once it is ready; None when it was not within the time.

        Raises:
            ImageError: Its image cannot be had.
        """
        return await self._pod(name, lambda pod: pod_facts(pod).ready, limit_s, namespace)

    async def pod_ended(
        self, name: str, *, limit_s: float = START_S, namespace: Workplace = "work"
    ) -> Json | None:
        """The pod once it has succeeded or failed; None when it did not within the time."""
        return await self._pod(name, lambda pod: pod_facts(pod).phase in _ENDED, limit_s, namespace)

    async def _pod(
        self, name: str, condition: Callable[[Json], bool], limit_s: float, namespace: Workplace
    ) -> Json | None:
        def looked(pod: Json) -> bool:
            trouble = pod_facts(pod).trouble
            if trouble and trouble.final and any(w in trouble.reason for w in _IMAGE_WORDS):
                raise ImageError(name, reason=trouble.reason, sentence=trouble.sentence)
            return condition(pod)

        return await self.wait_for(POD, name, looked, limit_s=limit_s, namespace=namespace)

    # --- inside --------------------------------------------------------------------------------

    @property
    def selector(self) -> str:
        """The labels of every object of this check in this run."""
        return self._manners.selector

    async def end_open_steps(self, problem: Any) -> None:
        """The runner's: what the open steps have seen so far, with why they were cut off."""
        for step in self._steps:
            await step.tell(problem)

    def _dressed(
        self, resource: Resource, manifest: Mapping[str, Any], namespace: Workplace
    ) -> Json:
        return self._manners.dressed(
            manifest,
            resource=resource,
            namespace=self._around.namespace(namespace),
            security=_security(namespace),
        )

    async def _create(
        self, resource: Resource, made: Json, namespace: Workplace, *, dry_run: bool
    ) -> Reply:
        self._declared("create", resource.group, resource.plural, namespace)
        where = self._around.namespace(namespace)
        return await self._around.objects.create(resource, made, namespace=where, dry_run=dry_run)

    def _known_ours(self, resource: Resource, name: str) -> None:
        if not name.startswith(f"{prefix_of(self.check.id)}-"):
            raise ManifestUnsafeError(f"{resource.kind} {name} is not of this check")


def _security(namespace: Workplace) -> Security:
    return "restricted" if namespace == "work" else "baseline"
