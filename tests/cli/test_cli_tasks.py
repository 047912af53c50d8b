"""`fdl-trigger tasks`: check, apply, publish, export, run, list, enable, disable, delete."""

import sqlite3
from contextlib import closing


def rows_of(cli):
    with closing(sqlite3.connect(cli.directory / "warehouse.db")) as connection:
        return connection.execute('SELECT id, name FROM "orders" ORDER BY id').fetchall()


def test_check_saves_nothing(cli, task_file):
    assert cli.run("tasks", "check", task_file).stdout == "no mistakes in 1 tasks and 1 connections\n"
    assert sorted(path.name for path in cli.directory.iterdir()) == ["config.toml", "orders.toml"]
    cli.run("tasks", "list")
    cli.run("tasks", "check", task_file)
    assert cli.run("tasks", "list").stdout.count("\n") == 1


def test_check_tells_every_mistake_with_file_and_key(cli, task_file):
    text = task_file.read_text().replace('method = "DIRECT"', 'method = "SOMEHOW"').replace("/rows", "/ro ws")
    task_file.write_text(text.replace('connection = "warehouse"', 'connection = "werehouse"'))
    task_file.write_text(task_file.read_text().replace('kind = "sqlite"', 'kind = "oracle"'))
    broken = cli.write("broken.toml", "[[tasks]\n")
    result = cli.run("tasks", "check", task_file, broken, exit_code=1)
    assert result.stdout == ""
    assert f"  {broken}: is not TOML: " in result.stderr
    assert f"  {task_file}: connections.warehouse.kind: 'oracle' is not one of " in result.stderr
    assert f"  {task_file}: tasks[0].nodes[0].config.write.method: " in result.stderr
    assert (
        f"  {task_file}: tasks[0].nodes[0].config.target.connection: "
        "there is no connection 'werehouse', did you mean 'warehouse'?\n"
    ) in result.stderr


def test_apply_saves_all_or_nothing(cli, task_file):
    broken = cli.write("broken.toml", '[[tasks]]\nworkName = "other"\n')
    result = cli.run("tasks", "apply", task_file, broken, exit_code=1)
    assert result.stderr == f"Error: {broken}: tasks[0].nodes: Missing data for required field.\n"
    assert "orders" not in cli.run("tasks", "list").stdout


def test_apply_tells_what_changed(cli, task_file):
    assert cli.run("tasks", "apply", task_file).stdout == "connection warehouse: created\ntask orders: created\n"
    assert cli.run("tasks", "apply", task_file).stdout == "connection warehouse: unchanged\ntask orders: unchanged\n"
    task_file.write_text(task_file.read_text().replace("warehouse.db", "other.db").replace("[*]", "[0:5]"))
    assert cli.run("tasks", "apply", task_file).stdout == "connection warehouse: updated\ntask orders: updated\n"


def test_apply_publishes_what_changed_and_only_that(cli, task_file):
    assert "task orders: published as version 1\n" in cli.run("tasks", "apply", "--publish", task_file).stdout
    assert "task orders: version 1 is already published\n" in cli.run("tasks", "apply", "--publish", task_file).stdout
    task_file.write_text(task_file.read_text().replace("[*]", "[0:5]"))
    cli.run("tasks", "apply", task_file)
    assert "version 1, draft differs" in cli.run("tasks", "list").stdout
    assert cli.run("tasks", "publish", "orders").stdout == "task orders: published as version 2\n"


def test_apply_looks_up_secrets_and_tells_all_that_are_missing(cli):
    path = cli.write(
        "api.toml",
        '[connections.api]\nkind = "api"\nheaders = [{ name = "X-Key", value = { env = "ABSENT_KEY" } }]\n'
        '[connections.api.authorization]\ntype = "BEARER"\ntoken = { file = "absent.txt" }\n',
    )
    cli.run("tasks", "check", path)
    result = cli.run("tasks", "apply", path, exit_code=1)
    assert "connections.api.headers[0].value: the environment has no ABSENT_KEY" in result.stderr
    assert "connections.api.authorization.token: absent.txt cannot be read" in result.stderr
    cli.write("absent.txt", "hunter2\n")
    result = cli.run("tasks", "apply", path, env={"ABSENT_KEY": "hunter3"})
    assert result.output == "connection api: created\n"


def test_a_file_cannot_take_the_name_of_another_task(cli, task_file):
    cli.run("tasks", "apply", task_file)
    text = task_file.read_text().replace(
        'workName = "orders"', 'workName = "orders"\nworkId = "7c1ad0d8-5a29-4a4a-8a53-3b62a1d6a4d7"'
    )
    result = cli.run("tasks", "apply", cli.write("again.toml", text), exit_code=1)
    assert "tasks[0].workName: 'orders' is the name of the task " in result.stderr


def test_an_export_can_be_applied_again(cli, task_file):
    cli.run("tasks", "apply", "--publish", task_file)
    text = cli.run("tasks", "export", "orders", "--published").stdout
    assert "warehouse.db" not in text
    copy = cli.write("copy.toml", text)
    assert cli.run("tasks", "apply", copy).stdout == "task orders: unchanged\n"
    other = ["--config", cli.write("other.toml", f'[store]\npath = "{cli.directory / "other.db"}"\n')]
    assert "there is no connection 'warehouse'" in cli.run("tasks", "apply", *other, copy, exit_code=1).stderr
    connections = cli.write("connections.toml", task_file.read_text().partition("[[tasks]]")[0])
    assert "task orders: created\n" in cli.run("tasks", "apply", *other, connections, copy).stdout
    assert cli.run("tasks", "export", *other, "orders").stdout == text


def test_a_draft_has_no_published_version_to_export(cli, task_file):
    cli.run("tasks", "apply", task_file)
    result = cli.run("tasks", "export", "--published", "orders", exit_code=1)
    assert result.stderr == "Error: the task 'orders' has never been published\n"


def test_run_copies_the_rows_and_ends_with_the_record(cli, source, task_file):
    cli.run("tasks", "apply", "--publish", task_file)
    result = cli.run("tasks", "run", "orders", "-p", "day=2026-01-02")
    assert rows_of(cli) == [(row["id"], row["name"]) for row in source.rows]
    assert "status    SUCCEEDED\n" in result.stdout
    assert "7 rows read, 7 inserted" in result.stdout
    assert "7 rows read" in result.stderr
    again = cli.run("tasks", "run", "orders")
    assert "7 rows read, 0 inserted, 7 updated" in again.stdout


def test_run_tells_dirty_rows_with_their_reason(cli, source, task_file):
    task_file.write_text(task_file.read_text().replace('conflict = "UPDATE"', 'conflict = "DIRTY"'))
    task_file.write_text(task_file.read_text() + "[tasks.control]\ndirtyThreshold = 100\n")
    cli.run("tasks", "apply", "--publish", task_file)
    cli.run("tasks", "run", "orders")
    source.rows.append({"id": 8, "name": "new"})
    result = cli.run("tasks", "run", "orders")
    assert "8 rows read, 1 inserted, 0 updated, 7 dirty" in result.stdout
    assert "dirty     7 x " in result.stdout


def test_a_failed_run_ends_with_the_tail_of_its_log_and_exit_code_1(cli, source, task_file):
    source.status = "503 Service Unavailable"
    cli.run("tasks", "apply", "--publish", task_file)
    result = cli.run("tasks", "run", "orders", exit_code=1)
    assert "status    FAILED (error)\n" in result.stdout
    assert "503" in result.stdout.partition("\nlog\n")[2]


def test_run_takes_a_work_id_too(cli, task_file):
    cli.run("tasks", "apply", "--publish", task_file)
    work_id = cli.run("tasks", "list").stdout.splitlines()[1].split()[1]
    assert "SUCCEEDED" in cli.run("tasks", "run", work_id.upper()).stdout


def test_a_run_beside_a_running_service_is_run_by_the_service(cli, task_file):
    with cli.serving():
        cli.run("tasks", "apply", "--publish", task_file)
        assert "status    SUCCEEDED\n" in cli.run("tasks", "run", "orders").stdout
        assert "already runs the tasks" in cli.run("serve", "--port", "0", exit_code=1).stderr
    assert len(rows_of(cli)) == 7


def test_mistakes_of_use_have_exit_code_2(cli):
    assert "'x' is not NAME=VALUE" in cli.run("tasks", "run", "orders", "-p", "x", exit_code=2).stderr
    assert "Missing argument" in cli.run("tasks", "apply", exit_code=2).stderr


def test_unknown_and_unpublished_tasks_are_told_in_one_line(cli, task_file):
    assert cli.run("tasks", "run", "nope", exit_code=1).stderr == "Error: There is no task 'nope'.\n"
    cli.run("tasks", "apply", task_file)
    assert "never been published" in cli.run("tasks", "run", "orders", exit_code=1).stderr


def test_a_disabled_task_is_refused_until_it_is_enabled(cli, task_file):
    cli.run("tasks", "apply", "--publish", task_file)
    assert cli.run("tasks", "disable", "orders").stdout == "task orders: disabled\n"
    assert "disabled" in cli.run("tasks", "list").stdout
    assert cli.run("tasks", "run", "orders", exit_code=1).stderr == "Error: The task 'orders' is disabled.\n"
    cli.run("tasks", "enable", "orders")
    cli.run("tasks", "run", "orders")


def test_delete_asks_first(cli, task_file):
    cli.run("tasks", "apply", task_file)
    cli.run("tasks", "delete", "orders", input="n\n", exit_code=1)
    assert "orders" in cli.run("tasks", "list").stdout
    cli.run("tasks", "delete", "orders", input="y\n")
    assert "orders" not in cli.run("tasks", "list").stdout
