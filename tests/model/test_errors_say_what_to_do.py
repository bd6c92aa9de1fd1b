"""An error says where, what, and what a person can do next."""

from aiconform.model.errors import AiconformError, ForbiddenError, NodeError, RecordRefusedError


def test_problem_and_hint_are_both_in_the_text() -> None:
    error = AiconformError("the disk is full", hint="Free some space")

    assert str(error) == "the disk is full. Free some space"
    assert str(AiconformError("the disk is full")) == "the disk is full"


def test_refused_permission_names_verb_and_resource() -> None:
    error = ForbiddenError(verb="create", resource="tokenreviews")

    assert "create tokenreviews" in str(error)
    assert "Grant" in error.hint


def test_trouble_of_a_node_names_the_node() -> None:
    error = RecordRefusedError("speaks for node2", node="node1")

    assert isinstance(error, NodeError)
    assert str(error).startswith("node1: ")
