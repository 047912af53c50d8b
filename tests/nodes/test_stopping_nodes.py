"""A run that is asked to stop stops, whatever it waits for."""

import socket
import time
from threading import Event, Thread

import pytest

from fdl_trigger.nodes.errors import Stopped

AUTO = {"mode": "AUTO_CREATE"}
AT_ONCE_S = 1.0


def stop_when(context, ready):
    """Stop the run from another thread as soon as it is ready; return when that was."""
    moment = []

    def stop():
        assert ready.wait(10)
        moment.append(time.monotonic())
        context.stop()

    thread = Thread(target=stop)
    thread.start()
    return thread, moment


def stopped_within(bench, source, context, ready, **settings):
    thread, moment = stop_when(context, ready)
    with pytest.raises(Stopped):
        bench.run(source, context=context, **settings)
    thread.join()
    return time.monotonic() - moment[0]


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[", b"HTTP/1.0 200 OK\r\n\r\n["],
    ids=["before the headers", "in the body", "in a body without length"],
)
def test_a_stalled_answer_is_cut_at_once(api, bench, start):
    reached = Event()

    def stall(handler):
        handler.wfile.write(start)
        reached.set()
        api.release.wait(30)

    api.raw["/x"] = stall
    assert stopped_within(bench, {"url": api.url + "/x"}, bench.context(), reached, target=AUTO) < AT_ONCE_S


def test_a_kept_connection_that_stalls_on_a_later_page_is_cut_at_once(api, bench):
    reached = Event()

    def page(seen):
        if seen.query["p"] == "3":
            reached.set()
            api.release.wait(30)
        return [{"id": 1}]

    api.replies["/x"] = page
    source = {
        "url": api.url + "/x",
        "params": {"p": "${pageNum}"},
        "pagination": {"mode": "PAGE_NUMBER", "endOnEmptyPage": True},
    }
    assert stopped_within(bench, source, bench.context(), reached, target=AUTO) < AT_ONCE_S
    assert bench.execute("SELECT count(*) FROM t") == [(2,)]


def test_a_connection_that_is_never_accepted_is_given_up_at_once(bench):
    with socket.socket() as listener, socket.socket() as filler, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for full in (filler, second):
            full.setblocking(False)
            full.connect_ex(listener.getsockname())
        started = Event()
        Thread(target=lambda: (time.sleep(0.3), started.set())).start()  # nothing tells when a connect has begun
        source = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}/x"}
        assert stopped_within(bench, source, bench.context(), started, target=AUTO) < AT_ONCE_S


def test_a_long_statement_is_interrupted_at_once_and_undone(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER, n INTEGER)")
    slow = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 500000000) SELECT count(*) FROM c"
    bench.execute(f"CREATE TRIGGER slow AFTER INSERT ON t WHEN new.id = 3 BEGIN UPDATE t SET n = ({slow}); END")
    api.replies["/x"] = [{"id": 1}, {"id": 2}, {"id": 3}]
    context = bench.context()
    second_batch = Event()
    context.on_progress = lambda counts: second_batch.set()
    took = stopped_within(bench, {"url": api.url + "/x"}, context, second_batch, write={"batchSize": 2})
    assert took < AT_ONCE_S
    assert bench.execute("SELECT id FROM t") == [(1,), (2,)]


def test_a_stop_just_before_a_long_statement_is_not_lost(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER, n INTEGER)")
    slow = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 500000000) SELECT count(*) FROM c"
    bench.execute(f"CREATE TRIGGER slow AFTER INSERT ON t WHEN new.id = 2 BEGIN UPDATE t SET n = ({slow}); END")
    api.replies["/x"] = [{"id": 2, "n": "no number"}]
    api.replies["/x"].append({"id": 2})
    context = bench.context()
    dirty = Event()
    # The dirty row is told between two statements of a batch: there is nothing to interrupt yet.
    context.dirty = lambda *_: (context.stop(), dirty.set())
    assert stopped_within(bench, {"url": api.url + "/x"}, context, dirty) < AT_ONCE_S


def test_waiting_for_a_lock_ends_at_once(api, bench):
    import sqlite3

    bench.execute("CREATE TABLE t (id INTEGER)")
    holder = sqlite3.connect(bench.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    context = bench.context()
    waiting = Event()
    wait = context.sleep
    context.sleep = lambda seconds: (waiting.set(), wait(seconds))
    api.replies["/x"] = [{"id": 1}]
    try:
        assert stopped_within(bench, {"url": api.url + "/x"}, context, waiting) < AT_ONCE_S
    finally:
        holder.close()


def test_a_run_that_was_stopped_before_sends_nothing(api, bench):
    context = bench.context()
    context.stop()
    with pytest.raises(Stopped):
        bench.run({"url": api.url + "/x"}, target=AUTO, context=context)
    assert api.seen == []
