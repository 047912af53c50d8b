"""One click, one run."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fdl_trigger.core.orders import Order
from fdl_trigger.domain.errors import IdempotencyConflict, InvalidParameter
from fdl_trigger.domain.records import InstanceFilter, Principal
from fdl_trigger.domain.states import State
from fdl_trigger.runtime import Runtime

PATIENCE_S = 10


def _order(key: str | None = None, **params: object) -> Order:
    return Order(params=params, idempotency_key=key)


def test_the_same_key_and_request_is_the_same_instance(runtime: Runtime, publish) -> None:
    uid = publish("orders")
    first = runtime.instances.trigger(_order("k1", n=1), uid=uid)
    again = runtime.instances.trigger(_order("k1", n=1), uid=uid)
    assert (first.why, again.instance.uid) == (None, first.instance.uid)
    assert "idempotency key" in (again.why or "")
    runtime.instances.wait(first.instance.uid, PATIENCE_S)
    late = runtime.instances.trigger(_order("k1", n=1), uid=uid)
    assert late.instance.state is State.SUCCEEDED
    assert runtime.instances.trigger(_order("k2", n=1), uid=uid).instance.uid != first.instance.uid


def test_the_same_key_for_another_request_is_refused(runtime: Runtime, publish) -> None:
    uid = publish("orders")
    first = runtime.instances.trigger(_order("k", n=1), uid=uid).instance
    with pytest.raises(IdempotencyConflict, match=first.uid):
        runtime.instances.trigger(_order("k", n=2), uid=uid)
    with pytest.raises(IdempotencyConflict):
        runtime.instances.trigger(_order("k", n=1), uid=publish("other"))


def test_a_key_belongs_to_its_caller(runtime: Runtime, publish) -> None:
    from fdl_trigger.domain.operations import Operation
    from fdl_trigger.domain.records import Grant

    uid = publish("orders")
    callers = [Principal(name, (Grant(Operation.EXECUTE),), application_id=n) for n, name in enumerate("ab", 1)]
    runs = {runtime.instances.trigger(_order("k"), uid=uid, principal=one).instance.uid for one in callers}
    assert len(runs) == 2


def test_many_clicks_at_once_start_one_run(runtime: Runtime, publish) -> None:
    uid = publish("orders")
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: runtime.instances.trigger(_order("k"), uid=uid).instance.uid, range(24)))
    assert len(set(runs)) == 1
    assert len(runtime.instances.list(InstanceFilter(), uid=uid)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\x00"])
def test_a_bad_key_is_refused(runtime: Runtime, publish, key: str) -> None:
    with pytest.raises(InvalidParameter, match="idempotency key"):
        runtime.instances.trigger(_order(key), uid=publish("orders"))


def test_the_same_parameters_within_the_task_s_time_are_the_same_instance(runtime: Runtime, publish) -> None:
    uid = publish("orders", control={"once": {"sameWithinSeconds": 60}})
    first = runtime.instances.trigger(_order(n=1), uid=uid).instance
    again = runtime.instances.trigger(_order(n=1), uid=uid)
    assert (again.instance.uid, again.why) == (first.uid, "the same caller sent the same parameters within 60 s")
    assert runtime.instances.trigger(_order(n=2), uid=uid).instance.uid != first.uid


def test_a_fresh_success_needs_no_new_run(runtime: Runtime, publish) -> None:
    uid = publish("orders", control={"once": {"maxAgeMinutes": 5}})
    first = runtime.instances.wait(runtime.instances.execute(uid=uid).uid, PATIENCE_S)
    again = runtime.instances.trigger(_order(), uid=uid)
    assert (again.instance.uid, again.why) == (first.uid, "the last success is not older than 5 min")


def test_debounced_triggers_become_one_run_after_the_last(runtime: Runtime, publish, gate) -> None:
    gate.gate.set()
    control = {"once": {"debounceSeconds": 0.3}}
    params = [{"name": "n", "value": "0"}]
    uid = publish("orders", "GATE", config={"label": "${n}"}, control=control, params=params)
    runs = [runtime.instances.trigger(_order(n=str(n)), uid=uid) for n in range(3)]
    assert len({run.instance.uid for run in runs}) == 1
    assert "starts after the last" in (runs[2].why or "")
    assert runtime.instances.wait(runs[0].instance.uid, PATIENCE_S).state is State.SUCCEEDED
    assert gate.order == ["2"]
