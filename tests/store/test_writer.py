"""The writer commits callers together, and one caller's failure is its own."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdl_trigger.domain.errors import StoreUnavailable
from fdl_trigger.store.database import StoreDatabase
from fdl_trigger.store.writer import Writer


@pytest.fixture
def database(tmp_path: Path) -> Iterator[StoreDatabase]:
    database = StoreDatabase(tmp_path / "w.db")
    database.raw().execute("CREATE TABLE t (v INTEGER CHECK (v < 100))")
    database.raw().execute("CREATE TABLE blobs (v BLOB)")
    yield database
    database.close_everything()


@pytest.fixture
def writer(database: StoreDatabase) -> Iterator[Writer]:
    writer = Writer(database)
    writer.start()
    yield writer
    writer.stop()


def _insert(value: int):
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (value,)).rowcount


def _values(database: StoreDatabase) -> list[int]:
    return sorted(row[0] for row in database.read("SELECT v FROM t"))


def _in_one_group(writer: Writer, works: list) -> list[object]:
    """Hand in works while the writer is busy, so that they share its next transaction; return results or errors."""
    busy, go = threading.Event(), threading.Event()

    def block(connection: sqlite3.Connection) -> None:
        busy.set()
        go.wait(5)

    outcomes: list[object] = [None] * len(works)

    def call(index: int) -> None:
        try:
            outcomes[index] = writer.write(works[index])
        except Exception as error:
            outcomes[index] = error

    blocker = threading.Thread(target=writer.write, args=(block,))
    blocker.start()
    busy.wait(5)
    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    while writer._queue.qsize() < len(works):
        threading.Event().wait(0.001)
    go.set()
    for thread in [blocker, *threads]:
        thread.join(5)
    return outcomes


def test_what_was_written_is_there_when_write_returns(database: StoreDatabase, writer: Writer) -> None:
    assert writer.write(_insert(1)) == 1
    assert _values(database) == [1]


def test_a_commit_is_flushed_to_disk(database: StoreDatabase, writer: Writer) -> None:
    assert writer.write(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert writer.write(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()) == ("wal",)


def test_one_failure_spoils_no_neighbour(database: StoreDatabase, writer: Writer) -> None:
    outcomes = _in_one_group(writer, [_insert(1), _insert(100), _insert(2)])
    assert outcomes[0] == outcomes[2] == 1
    assert isinstance(outcomes[1], sqlite3.IntegrityError)
    assert _values(database) == [1, 2]


def test_an_exception_of_the_work_reaches_its_caller_and_undoes_its_writes(
    database: StoreDatabase, writer: Writer
) -> None:
    def insert_then_fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (5)")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        writer.write(insert_then_fail)
    assert _values(database) == []


def test_a_full_disk_fails_every_caller_of_the_group_and_the_next_one_works(
    database: StoreDatabase, writer: Writer
) -> None:
    pages = writer.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    writer.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    blob = "INSERT INTO blobs VALUES (zeroblob(1000000))"
    outcomes = _in_one_group(writer, [_insert(1), lambda connection: connection.execute(blob)])
    assert isinstance(outcomes[1], StoreUnavailable)
    assert "full" in str(outcomes[1])
    writer.write(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    writer.write(_insert(7))
    assert 7 in _values(database)
    # Either the neighbour was told of the failure, or its row is there: never told yes and lost.
    assert (1 in _values(database)) == (outcomes[0] == 1)


def test_a_locked_database_is_said_so(tmp_path: Path, database: StoreDatabase, writer: Writer) -> None:
    writer.write(lambda connection: connection.execute("PRAGMA busy_timeout = 10").fetchone())
    other = sqlite3.connect(tmp_path / "w.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        writer.write(_insert(1))
    other.execute("ROLLBACK")
    other.close()
    assert writer.write(_insert(1)) == 1


def test_stopping_finishes_what_was_handed_in(database: StoreDatabase) -> None:
    writer = Writer(database)
    writer.start()
    for value in range(50):
        writer.post(_insert(value))
    writer.stop()
    assert _values(database) == list(range(50))
    with pytest.raises(StoreUnavailable):
        writer.write(_insert(1))


def test_many_callers_lose_nothing(database: StoreDatabase, writer: Writer) -> None:
    def call(base: int) -> None:
        for value in range(base, base + 10):
            writer.write(_insert(value))

    threads = [threading.Thread(target=call, args=(base,)) for base in range(0, 100, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _values(database) == list(range(100))


def test_waiting_for_the_writer_inside_its_own_work_is_refused(writer: Writer) -> None:
    with pytest.raises(RuntimeError, match="must not wait"):
        writer.write(lambda connection: writer.write(_insert(1)))
