"""`aiconform rights`: your account, the coordinator's, and what is lost without a right."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiconform.cli.access import INSTALLING, Answer, Answers, Places, needs_of_run, questions
from aiconform.cli.main import aiconform
from aiconform.cli.site import Json
from aiconform.cluster.rights import RIGHTS
from aiconform.model.plan import Checks, RunConfig
from tests.cli.site import FakeSite
from tools.check_results import complaints

LAB = Places.by_default("lab", "aiconform")
DEMO = RunConfig(name="demo")
Decide = Callable[[str, dict[str, str]], bool | None]  # kind, attributes


def answers(decide: Decide) -> Answers:
    asked = questions(places=LAB, job="aiconform")
    return Answers([answered(review, decide) for review in asked], job="aiconform")


def answered(review: Json, decide: Decide) -> Json | None:
    allowed = decide(review["kind"], review["spec"]["resourceAttributes"])
    return None if allowed is None else {**review, "status": {"allowed": allowed}}


def call(
    monkeypatch: pytest.MonkeyPatch,
    decide: Decide,
    *words: str,
    config: RunConfig = DEMO,
) -> Result:
    reviews = partial(answered, decide=decide)
    site = FakeSite(Path("unused"), config=config, reviews=reviews)
    monkeypatch.setattr("aiconform.cli.kubectl_site.KubectlSite", lambda: site)
    return CliRunner().invoke(aiconform, ["rights", *words], standalone_mode=False)


def own_only(kind: str, _attributes: dict[str, str]) -> bool | None:
    return True if kind == "SelfSubjectAccessReview" else None


def test_every_right_of_the_run_is_asked_for_both_accounts() -> None:
    asked = questions(places=LAB, job="aiconform")

    users = [review["spec"].get("user") for review in asked]
    assert users.count("system:serviceaccount:lab:aiconform-coordinator") == len(
        needs_of_run("aiconform")
    )
    assert {right for right, _ in needs_of_run("aiconform")} == set(RIGHTS)


def test_named_object_and_namespace_are_in_the_question() -> None:
    places = Places.by_default("lab", "j")
    asked = [review["spec"]["resourceAttributes"] for review in questions(places=places, job="j")]

    assert any(a["name"] == "j-status" and a["namespace"] == "lab" for a in asked)
    assert all(a["namespace"] == "" for a in asked if a["resource"] == "nodes")


def test_who_may_escalate_may_grant_what_he_lacks() -> None:
    def decide(kind: str, attributes: dict[str, str]) -> bool:
        return kind == "SelfSubjectAccessReview" and attributes["verb"] in {"escalate", "create"}

    found = list(answers(decide).grants())

    assert {grant.grantable for grant in found} == {Answer.YES}
    assert {grant.granted for grant in found} == {Answer.NO}


def test_who_lacks_a_right_cannot_grant_it() -> None:
    def decide(kind: str, attributes: dict[str, str]) -> bool:
        return attributes["verb"] != "escalate" and attributes["resource"] != "nodes"

    found = {str(grant.need): grant.grantable for grant in answers(decide).grants()}

    assert found["list nodes"] is Answer.NO
    assert found["create daemonsets.apps"] is Answer.YES


@pytest.mark.parametrize(
    ("decide", "exit_code"),
    [
        (lambda *_: True, 0),
        (own_only, 0),
        (lambda *_: False, 1),
        (lambda *_: None, 3),
    ],
)
def test_exit_code_says_whether_a_run_can_go_well(
    monkeypatch: pytest.MonkeyPatch, decide: Decide, exit_code: int
) -> None:
    assert call(monkeypatch, decide).return_value == exit_code


def test_missing_right_shows_what_is_lost_and_which_value_leaves_it_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decide(_kind: str, attributes: dict[str, str]) -> bool:
        return attributes["verb"] != "escalate" and attributes["resource"] != "tokenreviews"

    shown = call(monkeypatch, decide)

    assert "no       create tokenreviews.authentication.k8s.io" in shown.output
    assert "without it: no agent's word is accepted" in shown.output
    assert "rbac.tokenReview=false" in shown.output


def test_json_has_both_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(call(monkeypatch, own_only, "-o", "json").output)

    assert len(document["install"]) == len(INSTALLING)
    assert {entry["granted"] for entry in document["run"]} == {"unknown"}


def test_checks_add_their_rights_in_their_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []

    def decide(_kind: str, attributes: dict[str, str]) -> bool:
        asked.append(attributes)
        return True

    result = call(monkeypatch, decide, "--checks", "dra_support")

    assert result.return_value == 0
    assert "create resourceclaims.resource.k8s.io (work)" in result.output
    claims = [a for a in asked if a["resource"] == "resourceclaims"]
    assert {a["namespace"] for a in claims if a["verb"] == "create"} == {"aiconform-work"}
    assert {a["namespace"] for a in claims if a["verb"] == "list"} == {"aiconform-work", ""}


def test_check_that_there_is_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(monkeypatch, own_only, "--checks", "dra_suport")

    assert "there is no check dra_suport" in str(result.exception)


def test_namespaces_that_the_values_name_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work namespaces with other names than the usual ones, and the checks that the values have."""
    checks = Checks(enabled=("dra_support", "secure_accelerator_access"))
    config = RunConfig(
        name="demo", work_namespace="team-work", probe_namespace="team-probe", checks=checks
    )
    asked: list[tuple[str, dict[str, str]]] = []

    def decide(kind: str, attributes: dict[str, str]) -> bool:
        asked.append((kind, attributes))
        return True

    result = call(
        monkeypatch, decide, "-n", "lab", "--set", "namespace.work=x", "-o", "json", config=config
    )

    assert complaints("rights", json.loads(result.output)) == []
    assert json.loads(result.output)["namespaces"] == {
        "own": "lab", "work": "team-work", "probe": "team-probe"
    }  # fmt: skip
    for account in ("SelfSubjectAccessReview", "SubjectAccessReview"):
        made = {a["namespace"] for kind, a in asked if kind == account and a["resource"] == "pods"}
        assert made == {"lab", "", "team-work", "team-probe"}


def test_checks_that_are_asked_for_win_over_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(name="demo", checks=Checks(enabled="all"))

    result = call(
        monkeypatch, own_only, "--set", "run.profile=quick", "--checks", "none", config=config
    )

    assert "(work)" not in result.output


def test_who_may_escalate_in_one_namespace_grants_nothing_in_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Roles of checks are made where the checks work, by whoever may do so there."""

    def decide(_kind: str, attributes: dict[str, str]) -> bool:
        return attributes["namespace"] in {"aiconform", ""}

    result = call(monkeypatch, decide, "--checks", "dra_support", "-o", "json")
    document = json.loads(result.output)

    assert result.return_value == 1
    at_work = [each for each in document["run"] if each["namespace"] == "aiconform-work"]
    assert at_work
    assert {each["grantable"] for each in at_work} == {"no"}
    refused = [each["right"] for each in document["install"] if each["granted"] == "no"]
    assert refused == [
        f"{verb} {kind}.rbac.authorization.k8s.io (work)"
        for kind in ("roles", "rolebindings")
        for verb in ("create", "delete")
    ]
