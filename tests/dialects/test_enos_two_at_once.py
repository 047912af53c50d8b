"""Two triggers for one minute at the same time, and what a dialect's instances are elsewhere."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from enos_service import NOW, enos_service

from fdl_trigger.domain.records import InstanceFilter


@pytest.fixture
def service(tmp_path):
    with enos_service(tmp_path) as service:
        yield service


def test_of_two_triggers_at_once_one_is_refused(service) -> None:
    service.get_token()
    body = {"flowId": service.flow.id, "triggerTime": NOW}
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: service.ask("flows", "trigger", body).get_json()["code"], range(8)))
    assert sorted(codes) == [0, *[62102] * 7]


def test_an_instance_is_retried_elsewhere_and_the_retry_is_found_here(service) -> None:
    service.trigger()
    service.succeed("a")
    [first] = service.runtime.instances.list(InstanceFilter(), uid=service.flow.uid)
    again = service.runtime.reruns.retry(first.uid)
    listed = service.call("flowInstances", "search")["flowInsts"]
    assert [one["instanceId"] for one in listed] == [
        f"{service.flow.id}-20200706062600",
        f"{service.flow.id}-{again.id:014d}",
    ]
    assert listed[1]["triggerTime"] == listed[0]["triggerTime"]


def test_instances_are_found_after_a_restart(tmp_path) -> None:
    from enos_service import settings

    from fdl_trigger.runtime import Runtime

    with enos_service(tmp_path) as service:
        name, number = service.trigger(), service.flow.id
        tasks = service.task_ids()
    with Runtime(settings(tmp_path), run_engine=False) as runtime:
        found = runtime.search.by_key(number, "enos:" + name.partition("-")[2])
        assert found is not None
        assert runtime.numbers.node(tasks["b"]) == (number, "b")
