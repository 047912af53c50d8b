"""The key `expose` of a task document."""

import pytest

from fdl_trigger.domain.definition import Definition
from fdl_trigger.domain.errors import DefinitionInvalid


def document(**keys):
    return {"workName": "t", "nodes": [{"id": "n", "type": "VIRTUAL"}], **keys}


def test_a_task_is_known_to_schedulerx_by_group_and_namespace() -> None:
    names = {"group": "demo.defaultGroup", "namespace": "433d8b23-06e9"}
    assert Definition.parse(document(expose={"schedulerx": names})).expose == {"schedulerx": names}
    assert Definition.parse(document()).expose == {}


@pytest.mark.parametrize(
    ("expose", "key"),
    [
        ({"schedulerx": {"group": "g"}}, "expose.schedulerx.namespace"),
        ({"schedulerx": {"group": "g\n", "namespace": "n"}}, "expose.schedulerx.group"),
        ({"schedulerx": {"group": "g", "namespace": "n", "more": 1}}, "expose.schedulerx.more"),
        ({"nobody": {}}, "expose.nobody"),
        ({"schedulerx": []}, "expose.schedulerx"),
    ],
)
def test_mistakes_are_named_by_their_key(expose, key) -> None:
    with pytest.raises(DefinitionInvalid) as error:
        Definition.parse(document(expose=expose))
    assert key in [found for found, _ in error.value.details["problems"]]
