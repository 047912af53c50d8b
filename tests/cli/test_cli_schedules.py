"""`fdl-trigger schedules` and plans in task files."""

import pytest

TASK = """
[[tasks]]
workName = "orders"
nodes = [{ id = "n", type = "VIRTUAL" }]
[[tasks.plans]]
name = "nightly"
type = "CRON"
value = { cron = "0 30 2 * * ?" }
timeZone = "Europe/Berlin"
misfire = "FIRE_ONCE"
[[tasks.plans]]
name = "after"
type = "EVENT"
value = { tasks = ["stock"] }
[[tasks]]
workName = "stock"
nodes = [{ id = "n", type = "VIRTUAL" }]
"""


@pytest.fixture
def applied(cli):
    cli.run("tasks", "apply", "--publish", cli.write("orders.toml", TASK))
    return cli


def test_plans_of_a_task_file_become_schedules_when_it_is_published(applied):
    listed = applied.run("schedules", "list").stdout
    assert "orders/nightly" in listed
    assert "Europe/Berlin" in listed
    assert "orders/after" in listed
    exported = applied.run("tasks", "export", "orders").stdout
    assert 'name = "nightly"' in exported
    again = applied.run("tasks", "apply", "--publish", applied.write("again.toml", exported)).stdout
    assert "orders: unchanged" in again


def test_the_preview_lists_the_next_fires_in_the_zone_of_the_schedule(applied):
    lines = applied.run("schedules", "preview", "orders/nightly").stdout.splitlines()
    assert len(lines) == 100
    assert all(" 02:30:00+0" in line or " 03:00:00+02:00" in line for line in lines)


def test_a_simulation_tells_clock_changes_outages_and_the_misfire_policy(applied):
    lines = applied.run(
        "schedules", "simulate", "orders/nightly", "--from", "2027-03-26", "--to", "2027-04-03",
        "--outage", "2027-03-30T00:00/2027-04-01T12:00",
    ).stdout.splitlines()  # fmt: skip
    assert len(lines) == 8
    assert "does not exist in Europe/Berlin" in lines[2]
    assert "does not run: missed" in lines[4]
    assert "made up after an outage (FIRE_ONCE)" in lines[6]


def test_schedules_pause_and_resume_alone_by_task_and_all_together(applied):
    for scope in (["orders/nightly"], ["--task", "orders"], ["--all"]):
        assert "paused" in applied.run("schedules", "pause", *scope).stdout
        assert "paused" in applied.run("schedules", "show", "orders/nightly").stdout
        assert "resumed" in applied.run("schedules", "resume", *scope).stdout
        assert "state     waits" in applied.run("schedules", "show", "orders/nightly").stdout
    assert "--all" in applied.run("schedules", "pause", exit_code=2).output


def test_a_schedule_is_deleted_and_then_unknown(applied):
    applied.run("schedules", "delete", "orders/nightly")
    assert "no schedule 'nightly'" in applied.run("schedules", "show", "orders/nightly", exit_code=1).output


def test_mistakes_in_plans_are_told_with_file_and_key(cli):
    file = cli.write("orders.toml", TASK.replace("0 30 2 * * ?", "0 30 2 30 2 ?"))
    answer = cli.run("tasks", "check", file, exit_code=1).output
    assert "tasks[0].plans[0].value.cron" in answer
