"""The clean-up after a check, after its time box, after a defect, and after a cancel anywhere."""

from aiconform.checks.framework import Context
from aiconform.checks.framework.cleanup import clean_up
from aiconform.checks.framework.fake import WORK, FakePlatform
from aiconform.checks.framework.runner import sweep_earlier_runs
from aiconform.cluster.resources import CONFIG_MAP, POD
from aiconform.model.records import CheckEnded, Entry
from tests.checks.interrupted import (
    assert_nothing_is_left_when_stopped_anywhere,
    config_for,
    ours,
)
from tests.checks.toy import TOY, pod_manifest, toy

CONFIG = config_for(TOY)


def ended(entries: tuple[Entry, ...]) -> CheckEnded:
    (found,) = (e.record for e in entries if isinstance(e.record, CheckEnded))
    return found


async def makes_much(ctx: Context) -> None:
    for number in range(3):
        async with ctx.step(f"made-{number}"):
            manifest = {"metadata": {"name": ctx.name(f"c{number}")}}
            await ctx.apply(CONFIG_MAP, manifest)
            await ctx.apply(POD, pod_manifest(ctx, f"p{number}"))
            await ctx.sleep(1.0)


async def test_nothing_is_left_after_a_check() -> None:
    platform = FakePlatform()

    found = ended(await platform.run(toy(makes_much)))

    assert found.how == "complete"
    assert found.leftovers == ()
    assert ours(platform) == []


async def test_nothing_is_left_after_the_time_box() -> None:
    platform = FakePlatform()

    found = ended(await platform.run(toy(makes_much, time_box_s=1.5)))

    assert found.how == "time_box"
    assert ours(platform) == []


async def test_nothing_is_left_after_a_defect() -> None:
    async def run(ctx: Context) -> None:
        await makes_much(ctx)
        raise RuntimeError("a defect")

    platform = FakePlatform()

    found = ended(await platform.run(toy(run)))

    assert (found.how, found.sentence) == ("broken", "RuntimeError: a defect")
    assert ours(platform) == []


async def test_objects_of_others_are_left_alone() -> None:
    platform = FakePlatform()
    platform.objects.put(POD, {"metadata": {"name": "foreign"}, "spec": {}}, namespace=WORK)
    labels = {"aiconform/run": "other-run", "aiconform/check": TOY.id}
    platform.objects.put(
        POD, {"metadata": {"name": "of-another-run", "labels": labels}, "spec": {}}, namespace=WORK
    )

    await platform.run(toy(makes_much))

    left = {pod["metadata"]["name"] for pod in platform.objects.all(POD)}
    assert left == {"foreign", "of-another-run"}


async def test_what_stays_is_named_and_takes_the_pass() -> None:
    platform = FakePlatform()
    platform.objects.stuck.add("dra-support-pod")

    entries = await platform.run(TOY)

    assert ended(entries).leftovers == (f"pods {WORK}/dra-support-pod",)
    verdict = platform.verdict(TOY, entries, version="1.35")
    assert (verdict.outcome, verdict.reason) == ("WARN", "Leftovers")
    assert "dra-support-pod" in verdict.notes[0]


async def test_what_may_not_be_listed_may_be_left() -> None:
    platform = FakePlatform(forbidden=["list configmaps"])

    entries = await platform.run(TOY)

    assert "not permitted to list configmaps" in ended(entries).leftovers[0]
    assert platform.verdict(TOY, entries, version="1.35").reason == "Leftovers"


async def test_controllers_that_make_pods_again_do_not_win() -> None:
    """A pod that is deleted before its owner comes back; it goes with the next look."""
    platform = FakePlatform()
    again = iter(range(3))

    def again_there(found: dict[str, object]) -> None:
        platform.objects.put(POD, found, namespace=WORK)

    def controller(verb: str, resource: object, found: dict[str, object]) -> None:
        if verb == "delete" and resource == POD and next(again, None) is not None:
            platform.after(0.2, lambda: again_there(found))

    platform.objects.reactions.append(controller)

    found = ended(await platform.run(toy(makes_much)))
    await platform.sleep(5)

    assert found.leftovers == ()
    assert ours(platform) == []
    assert next(again, None) is None


async def test_cancel_anywhere_leaves_nothing_after_the_next_clean_up() -> None:
    """The pod is killed in the middle, even in its clean-up; the next one begins with a sweep."""
    await assert_nothing_is_left_when_stopped_anywhere(FakePlatform, toy(makes_much))


async def test_next_run_sweeps_what_an_earlier_one_left() -> None:
    platform = FakePlatform()
    before = platform.surroundings(CONFIG.model_copy(update={"name": "before"}))
    await Context(TOY, before).apply(POD, pod_manifest(Context(TOY, before)))
    assert ours(platform)

    await sweep_earlier_runs([TOY], platform.surroundings(CONFIG))

    assert ours(platform) == []


async def test_sweep_leaves_other_releases_alone() -> None:
    platform = FakePlatform()
    labels = {
        "app.kubernetes.io/managed-by": "aiconform", "app.kubernetes.io/instance": "theirs",
        "aiconform/run": "x", "aiconform/check": TOY.id,
    }  # fmt: skip
    platform.objects.put(
        POD, {"metadata": {"name": "p", "labels": labels}, "spec": {}}, namespace=WORK
    )

    await sweep_earlier_runs([TOY], platform.surroundings(CONFIG))

    assert ours(platform) == ["Pod p"]


async def test_deleted_is_only_what_a_listing_has_shown() -> None:
    """By UID: an object of the same name that came since is another one."""
    platform = FakePlatform()
    around = platform.surroundings(CONFIG)
    context = Context(TOY, around)
    made = await context.apply(POD, pod_manifest(context))
    platform.objects.remove(POD, made)
    platform.objects.put(POD, {"metadata": {"name": "dra-support-pod"}, "spec": {}}, namespace=WORK)

    assert await clean_up(TOY, around, selector=context.selector, limit_s=1.0) == ()

    assert len(platform.objects.all(POD)) == 1
