"""The verdict: exactly what was done is told, and so is the next change (pure)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiconform.checks.ai_service_metrics.queries import broken_buckets, differs, wanted
from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Sightings,
    conclude,
    errored,
    failed,
    passed,
    rule,
    settled,
    skipped,
    unknown,
    warned,
)
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]

_PASSED = "a new service was found, and its metrics were told exactly, before and after a change"


def evaluate(seen: Sightings) -> Conclusion:
    discovery = rule(seen, "discovery", _discovery)
    if discovery.outcome is not Outcome.PASS:
        return settled(discovery.answer, (discovery,))
    selectors = rule(seen, "selectors", _is_told, mandatory=False)
    found = rule(seen, "s1", lambda facts: _found(facts, seen.facts("selectors")))
    first, then = rule(seen, "s2", _sent), rule(seen, "s4-sent", _sent)
    told = [
        first,
        rule(seen, "s3", _told).controlled_by(first),
        then,
        rule(seen, "s4", _told).controlled_by(then),
        replace(rule(seen, "s3", _origin_of(seen.facts("stub"))), step="s5"),
        rule(seen, "silence", _silence),
    ]
    if found.answer.reason == "SelectorExcludesUs":
        told = [each.optional() for each in told]
    return conclude(
        (
            discovery,
            rule(seen, "s0", _answers),
            selectors,
            rule(seen, "stub", _is_told),
            found,
            *told,
            rule(seen, "after-deletion", _ended, mandatory=False),
        ),
        passed=_PASSED,
        evidence=("objects/stub.yaml",),
    )


def _discovery(facts: Facts) -> Answer:
    if facts["places"]:
        return passed(f"queries are answered at {', '.join(facts['places'])}")
    if facts["monitor_kinds"]:
        told = (
            f"{', '.join(facts['monitor_kinds'])} are served, but no query API was found: say url"
        )
        return unknown("NoQueryApi", told)
    return unknown("NothingInstalled", "no monitoring system was found; name its URL (url)")


def _answers(facts: Facts) -> Answer:
    kinds = [each["answer"] for each in facts["tries"]]
    told = "; ".join(f"{each['place']}: {each['told']}" for each in facts["tries"])
    if "vector" in kinds:
        return passed("vector(1) is answered")
    if "auth" in kinds:
        return unknown("Auth", f"the query API wants an identity that we have not: {told}")
    if "other" in kinds:
        return failed("NoPrometheusApi", f"what answers is no query API: {told}")
    return failed("QueryUnanswered", f"the monitoring system does not answer queries: {told}")


def _found(facts: Facts, selectors: Facts) -> Answer:
    if facts["found"]:
        return passed(f"the stub was found, and is told of at {facts['place']}")
    told = f"no series of the stub within {facts['waited_s']:.0f} s"
    selections = selectors.get("selections") or ()
    if selections and not any(s["takes_any"] and s["reaches_us"] for s in selections):
        return warned("SelectorExcludesUs", f"{told}: {_selectors(selections)}")
    return failed("NotDiscovered", f"{told}, though it was annotated and has its monitors")


def _selectors(selections: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(
        f"{s['name']} takes PodMonitors by {s['podMonitorSelector']}"
        f" in namespaces by {s['podMonitorNamespaceSelector']}"
        for s in selections
    )


def _sent(facts: Facts) -> Answer:
    """The control: the stub itself has exactly these numbers."""
    expected = wanted(facts["total"], gauge=facts["gauge"])
    own = {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in facts["own"]}
    if own == expected:
        return passed(f"the stub has served {facts['total']} requests and says so")
    return errored("StubDiffers", f"the stub itself says {own}, not {expected}: did it restart?")


def _told(facts: Facts) -> Answer:
    told, requests = facts["told"], facts["requests"]
    wrong = differs(told, wanted(requests, gauge=facts["gauge"]))
    within = f"within {facts['limit_s']:.0f} s"
    if wrong:
        words = ", ".join(f"{name} is {value}" for name, value in wrong.items())
        return failed(
            "WrongValue", f"{requests} requests and a gauge of {facts['gauge']}: {within} {words}"
        )
    if bad := broken_buckets(told, requests):
        return failed(
            "WrongBuckets", f"the buckets of {', '.join(bad)} do not add up to {requests}"
        )
    return passed(f"exactly {requests} requests and a gauge of {facts['gauge']} are told")


def _origin_of(stub: Facts) -> Callable[[Facts], Answer]:
    def judge(facts: Facts) -> Answer:
        wanted_origin = [stub["namespace"], stub["pod"]]
        if all(each == wanted_origin for each in facts["told"]["origins"]):
            return passed("the series tell the stub's namespace and pod")
        told = f"namespace and pod of the series are {facts['told']['origins']}"
        return warned("NoOrigin", f"{told}, not {wanted_origin}")

    return judge


def _silence(facts: Facts) -> Answer:
    if facts["never"]:
        return failed("AnswersAnything", "series are told of a run that never was")
    if facts["silent"]:
        return skipped("ScrapesEverything", "pods are scraped without being told of")
    return passed("a stub that nobody was told of is not told of")


def _ended(facts: Facts) -> Answer:
    if facts["ended"]:
        return passed("the series ended with their pod")
    return warned("SeriesStay", "the series are still told after their pod is gone")


def _is_told(_facts: Facts) -> Answer:
    return passed("done")
