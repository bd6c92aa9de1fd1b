"""What each step has to show (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Answer, errored, failed, passed, unknown, warned

Facts = Mapping[str, Any]

_IMAGE_WORDS = ("Image", "Registry", "SignatureValidationFailed")


def installed(facts: Facts) -> Answer:
    told = [f"{each['title']} ({each['definition']})" for each in facts["installed"]]
    if not told:
        return unknown("NothingInstalled", "no operator that this check knows is installed")
    if not facts["order"]:
        return unknown(
            "NotServed", f"{', '.join(told)}: the definition is not in force in a version we know"
        )
    return passed(f"installed: {', '.join(told)}")


def control(facts: Facts, webhooks: Sequence[Facts]) -> Answer:
    """The valid object is taken; else a refusal of another one proves nothing."""
    answer = facts["answer"]
    match answer["kind"]:
        case "accepted":
            return passed("the valid object is taken")
        case "dead":
            return _dead(answer, webhooks)
        case "policy" | "foreign":
            return unknown("PlatformPolicy", f"{answer['by']} refuses our object: {_words(answer)}")
    by = f"{answer['by']} refuses" if answer["by"] else "the API server refuses"
    return errored("ControlInvalid", f"{by} our valid object: {_words(answer)}")


def refusal(facts: Facts) -> Answer:
    """A sample is refused by the operator's webhook, by its name."""
    tries, webhooks = facts["tries"], facts["webhooks"]
    of: dict[str, Facts] = {}
    for each in tries:
        of.setdefault(each["kind"], each)
    if found := of.get("denied"):
        return passed(f"{found['by']} refuses {found['defect']}: {_words(found)}")
    if found := of.get("dead"):
        return _dead(found, webhooks)
    if found := of.get("accepted"):
        return _accepted(found, webhooks)
    if found := of.get("policy") or of.get("foreign"):
        return unknown(
            "PlatformPolicy", f"{found['by']} refuses before the operator is asked: {_words(found)}"
        )
    if found := of.get("refused"):
        return errored("Refused", f"neither schema nor webhook: {_words(found)}")
    return unknown(
        "SchemaRefused", f"the schema refuses every sample before a webhook is asked: {_all(tries)}"
    )


def _accepted(found: Facts, webhooks: Sequence[Facts]) -> Answer:
    defect = found["defect"]
    reaching = [each for each in webhooks if each["reaches"]]
    if not reaching:
        kept = "; ".join(f"{each['name']} by {each['kept_out_by']}" for each in webhooks)
        return failed("WebhookElsewhere", f"{defect} is taken: our namespace is kept out of {kept}")
    asked = [each for each in reaching if not each["conditions"]]
    if not asked:
        # CEL decides, over the request, the user and the API's authorizer: not followed here.
        told = "; ".join(f"{each['name']}: {each['conditions']}" for each in reaching)
        return unknown(
            "WebhookConditional", f"{defect} is taken, and may be exempt by matchConditions: {told}"
        )
    names = ", ".join(str(each["name"]) for each in asked)
    if all(each["policy"] == "Ignore" for each in asked):
        return failed("WebhookIgnored", f"{defect} is taken: failurePolicy of {names} is Ignore")
    return failed("AcceptsInvalid", f"{defect} is taken, though {names} is asked")


def _dead(answer: Facts, webhooks: Sequence[Facts]) -> Answer:
    told = f"{answer['by']} is registered and does not answer: {_words(answer)}"
    hook: Facts = next((each for each in webhooks if each["name"] == answer["by"]), {})
    if problem := hook.get("trust"):
        return failed("WebhookUntrusted", f"{problem}; {told}")
    return failed("WebhookDead", f"{told} (configuration {hook.get('configuration', 'unknown')})")


def own_refusal(facts: Facts, reasons: frozenset[str]) -> Answer:
    """Without a webhook, the controller's own word is the best there is."""
    told = sorted(reasons & set(facts["reasons"]))
    if told:
        return warned(
            "NoWebhookShipped", f"no webhook is registered; its controller says {', '.join(told)}"
        )
    return failed(
        "NobodyRefuses",
        f"no webhook is registered, and within {facts['limit_s']:.0f} s its controller says nothing"
        f" of {facts['defect']}",
    )


def controller(facts: Facts) -> Answer:
    pods = facts["pods"]
    ready = [each["name"] for each in pods if each["ready"]]
    idle = [each["name"] for each in facts["deployments"] if each["wanted"] and not each["ready"]]
    if idle:
        return failed("ControllerNotReady", f"no pod is ready of {', '.join(idle)}")
    if ready:
        return passed(f"ready: {', '.join(ready)}")
    if facts["services"] or facts["deployments"] or pods:
        where = facts["services"] or [each["name"] for each in facts["deployments"]]
        return failed("ControllerNotReady", f"no ready pod is behind {', '.join(where)}")
    return warned("ControllerNotFound", "the pods of its controller could not be told")


def steady(facts: Facts, before: Facts) -> Answer:
    """The same pods as at the beginning, none of them started again meanwhile."""
    then = {each["uid"]: each for each in before.get("pods", ())}
    now = {each["uid"]: each for each in facts["pods"]}
    again = [
        each["name"] for uid, each in now.items()
        if uid in then and each["restarts"] > then[uid]["restarts"]
    ]  # fmt: skip
    if again:
        return failed("ControllerRestarted", f"started again during the check: {', '.join(again)}")
    if then.keys() != now.keys():
        return warned("ControllerReplaced", "other pods serve than at the beginning: a rollout?")
    return passed("the controller's pods are the same, and none was started again")


def reconciled(facts: Facts) -> Answer:
    if facts["done"]:
        return passed(f"status written, and made: {', '.join(facts['owned']) or 'nothing yet'}")
    missing = [] if facts["status"]["written"] else ["no status is written"]
    if not facts["owned"] and not facts["starts_empty"]:
        missing.append("nothing is made")
    return failed("NotReconciled", f"within {facts['limit_s']:.0f} s {' and '.join(missing)}")


def good(facts: Facts) -> Answer:
    if facts["done"]:
        return passed(f"as it should be after {facts['took_s']:.0f} s")
    told = f"within {facts['limit_s']:.0f} s not: {', '.join(facts['missing'])}"
    if not facts["troubles"]:
        return failed("NotReady", told)
    trouble = facts["troubles"][0]
    why = f"{told}; pod {trouble['pod']}: {trouble['sentence']}"
    if trouble["reason"] == "Unschedulable":
        return unknown("PodsPending", why)
    if any(word in trouble["reason"] for word in _IMAGE_WORDS):
        return errored("ImagePull", why)
    return failed("NotReady", why)


def changed(facts: Facts) -> Answer:
    if facts["done"]:
        return passed(f"{facts['change']}: followed after {facts['took_s']:.0f} s")
    if facts["held"]:
        return unknown("HeldBack", f"{facts['change']}: somebody (a queue?) has suspended it again")
    return failed(
        "ChangeIgnored", f"{facts['change']}: not followed within {facts['limit_s']:.0f} s"
    )


def healed(facts: Facts) -> Answer:
    if not facts["before"]:
        return unknown("NothingToHeal", "nothing was there that could be taken away")
    if facts["done"]:
        return passed(f"{facts['deleted']} was deleted, and made again")
    return failed(
        "NotHealed", f"{facts['deleted']} was deleted, and not made again within"
        f" {facts['limit_s']:.0f} s"
    )  # fmt: skip


def deleted(facts: Facts) -> Answer:
    if facts["done"]:
        return passed("object and all that it owned are gone")
    stays = [*facts["left"], *(f"finalizer {each}" for each in facts["finalizers"])]
    what = ", ".join(stays) or "the object"
    return failed("NotRemoved", f"{facts['limit_s']:.0f} s after deletion there is {what}")


def _words(answer: Facts) -> str:
    return str(answer["message"])[:300]


def _all(tries: Sequence[Facts]) -> str:
    return "; ".join(f"{each['defect']}: {str(each['message'])[:150]}" for each in tries)
