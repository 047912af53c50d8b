"""What the demo puts into its store, and that putting it there again changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fdl_trigger.demo.seeds import Installation, seed, source_token
from fdl_trigger.demo.service import demo_settings, page_origins
from fdl_trigger.domain.operations import Operation
from fdl_trigger.runtime import Runtime

SOURCE = "http://127.0.0.1:1/earthquakes"


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with Runtime(demo_settings(8068, tmp_path)) as runtime:
        yield runtime


def seeded(runtime: Runtime, tmp_path: Path, port: int = 8068, source: str = SOURCE) -> Installation:
    """Seed the way the service does."""
    origins = page_origins(port)
    token = source_token(runtime)
    return seed(runtime, database=tmp_path / "demo.db", source=source, token=token, origins=origins)


def test_seeding_twice_adds_nothing(runtime: Runtime, tmp_path: Path) -> None:
    first = seeded(runtime, tmp_path)
    token = source_token(runtime)
    second = seeded(runtime, tmp_path)
    assert second.task.version == first.task.version == 1
    assert (second.caller, second.page) == (first.caller, first.page)
    assert source_token(runtime) == token
    assert (len(runtime.tasks.list()), len(runtime.connections.list()), len(runtime.access.list())) == (1, 2, 2)


def test_the_page_application_may_use_one_task_and_has_no_secret(runtime: Runtime, tmp_path: Path) -> None:
    found = seeded(runtime, tmp_path)
    assert found.page.secret is None
    assert {grant.task_id for grant in found.page.grants} == {found.task.id}
    assert {grant.operation for grant in found.page.grants} == set(Operation)
    assert found.page.origins == ("http://127.0.0.1:8068", "http://localhost:8068")


def test_another_port_moves_the_origins_of_the_page_and_keeps_the_caller(runtime: Runtime, tmp_path: Path) -> None:
    first = seeded(runtime, tmp_path)
    moved = seeded(runtime, tmp_path, port=9000)
    assert moved.page.origins == page_origins(9000)
    assert moved.caller == first.caller
    assert len(runtime.access.list()) == 2


def test_a_source_that_moved_makes_a_new_version(runtime: Runtime, tmp_path: Path) -> None:
    seeded(runtime, tmp_path)
    moved = seeded(runtime, tmp_path, source="http://127.0.0.1:2/earthquakes")
    assert moved.task.version == 2


def test_the_token_of_the_source_stands_in_no_task(runtime: Runtime, tmp_path: Path) -> None:
    found = seeded(runtime, tmp_path)
    assert source_token(runtime) not in str(found.task.published)
