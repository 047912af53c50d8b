"""What a run writes about itself reaches the store in order, and is not lost on the way."""

import threading

import pytest

from fdl_trigger.domain.errors import StoreUnavailable
from fdl_trigger.domain.records import Counts, NodeRun
from fdl_trigger.domain.states import Level, State
from fdl_trigger.engine.journal import RunJournal

PATIENCE_S = 10


def _run(state: State) -> NodeRun:
    return NodeRun("a", "a", state, 1, 0, None, Counts(), None)


@pytest.fixture
def journal(clock) -> RunJournal:
    return RunJournal(clock, Level.INFO)


def test_nobody_overtakes_a_thread_that_is_handing_over(journal: RunJournal) -> None:
    order: list[str] = []

    def take_the_rest() -> None:
        order.extend(run.state for run in journal.take().node_runs)

    journal.node_run(_run(State.RUNNING))
    with journal.handing_over() as entries:
        journal.node_run(_run(State.SUCCEEDED))
        other = threading.Thread(target=take_the_rest)
        other.start()
        other.join(0.05)
        assert other.is_alive()  # it waits until these are handed in
        order.extend(run.state for run in entries.node_runs)
    other.join(PATIENCE_S)
    assert order == [State.RUNNING, State.SUCCEEDED]


def test_what_the_store_does_not_take_is_handed_over_the_next_time(journal: RunJournal) -> None:
    journal.log("a", Level.BASIC, "first")
    journal.node_run(_run(State.RUNNING))
    with pytest.raises(StoreUnavailable):
        _hand_over_to_a_full_disk(journal)
    entries = journal.take()
    assert [line.text for line in entries.log] == ["first", "second"]
    assert [run.state for run in entries.node_runs] == [State.SUCCEEDED]


def _hand_over_to_a_full_disk(journal: RunJournal) -> None:
    with journal.handing_over():
        journal.log("a", Level.BASIC, "second")
        journal.node_run(_run(State.SUCCEEDED))
        raise StoreUnavailable("the disk is full")
