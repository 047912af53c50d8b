"""`fdl-trigger check` and `backup`, and how mistakes of the configuration are told."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing


def test_before_the_first_start_nothing_is_made(cli):
    assert "is made at the first start" in cli.run("check").stdout
    assert sorted(path.name for path in cli.directory.iterdir()) == ["config.toml"]


def test_a_good_store_is_told_so(cli, task_file):
    cli.run("tasks", "apply", "--publish", task_file)
    assert cli.run("check").stdout == "configuration: good\nstore, key file and tasks: good\n"


def test_every_mistake_of_the_configuration_is_told(cli):
    cli.config.write_text("[server]\nport = 'x'\nhots = 1\n")
    result = cli.run("check", exit_code=1)
    assert result.stderr.splitlines()[0] == "Error: mistakes in the configuration:"
    assert len(result.stderr.splitlines()) == 3


def test_a_missing_configuration_file_is_told(cli):
    absent = cli.directory / "absent.toml"
    result = cli.run("serve", "--config", absent, exit_code=1)
    assert result.stderr == f"Error: {absent}: cannot be read: No such file or directory\n"


def test_a_damaged_store_and_a_missing_key_are_told_together(cli):
    cli.store.write_text("this is not a database at all")
    result = cli.run("check", exit_code=1)
    assert "cannot be read as SQLite" in result.stderr
    assert "key file: " in result.stderr
    assert "cannot be opened: file is not a database" in cli.run("tasks", "list", exit_code=1).stderr


def test_a_key_file_open_to_others_is_told(cli):
    cli.run("tasks", "list")
    key = cli.directory / "store.db.key"
    key.chmod(0o644)
    if os.name == "posix":
        assert f"chmod 600 {key}" in cli.run("check", exit_code=1).stderr


def test_a_key_of_another_store_is_told(cli):
    cli.run("apps", "create", "reports")
    key = cli.directory / "store.db.key"
    key.unlink()
    assert "is missing; the secrets in the store cannot be read" in cli.run("check", exit_code=1).stderr


def test_a_path_below_a_file_cannot_hold_a_store(cli):
    cli.config.write_text(f'[store]\npath = "{cli.config}/x/store.db"\n')
    assert "nothing can be written in" in cli.run("check", exit_code=1).stderr


def test_a_store_of_a_newer_version_is_told(cli):
    cli.run("tasks", "list")
    with closing(sqlite3.connect(cli.store)) as connection, connection:
        connection.execute("UPDATE fdl_migration SET name = '9999_future' WHERE name = '0001_initial'")
    assert "written by a newer version (it has 9999_future)" in cli.run("check", exit_code=1).stderr


def test_a_task_whose_connection_is_gone_is_told(cli, task_file):
    cli.run("tasks", "apply", "--publish", task_file)
    with closing(sqlite3.connect(cli.store)) as connection, connection:
        connection.execute("DELETE FROM connection")
    result = cli.run("check", exit_code=1)
    assert "task orders, draft: nodes[0].config.target.connection: there is no connection 'warehouse'" in result.stderr
    assert "task orders, version 1: " in result.stderr


def test_a_backup_is_a_store_and_never_overwrites(cli, task_file):
    copy = cli.directory / "copy.db"
    assert "there is no store" in cli.run("backup", copy, exit_code=1).stderr
    cli.run("tasks", "apply", task_file)
    cli.run("backup", copy)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT name FROM task").fetchall() == [("orders",)]
    assert cli.run("backup", copy, exit_code=1).stderr == f"Error: {copy} exists already\n"


def test_help_is_answered_without_loading_the_service():
    heavy = "{'flask', 'peewee', 'sqlalchemy', 'marshmallow', 'waitress', 'urllib3'}"
    code = (
        "import sys; from fdl_trigger.cli import main; main(['tasks', 'run', '--help'], standalone_mode=False);"
        f"sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
