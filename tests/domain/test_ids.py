"""Ids are drawn from a store of random bytes; no two are alike."""

import os
import threading

import pytest

from fdl_trigger.domain.ids import new_id


def test_ids_are_random_uuids_and_never_alike() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {(one.version, one.variant) for one in ids} == {(4, "specified in RFC 4122")}


def test_threads_draw_different_ids() -> None:
    drawn: list[list[object]] = [[] for _ in range(8)]
    threads = [threading.Thread(target=lambda own=own: own.extend(new_id() for _ in range(500))) for own in drawn]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for own in drawn for one in own}) == 8 * 500


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_does_not_draw_what_its_parent_draws() -> None:
    new_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_id().bytes)
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 16)
    os.close(reading)
    os.close(writing)
    assert theirs not in {new_id().bytes for _ in range(256)}
