"""`fdl-trigger users`: create, list, passwd, role, enable, disable, delete, logins, logout."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fdl_trigger.config import Settings
from fdl_trigger.runtime import Runtime

PASSWORD = "correct horse battery"


def listed(cli):
    return [re.split(r"  +", line.strip()) for line in cli.run("users", "list").stdout.splitlines()[1:]]


def create(cli, name="wang", *options, **more):
    return cli.run("users", "create", name, *options, input=PASSWORD + "\n", **more)


def runtime(cli):
    return Runtime(Settings.load(cli.config, {}), run_engine=False)


def verified(cli, name, password):
    with runtime(cli) as opened:
        return opened.users.verify(name, password) is not None


def test_a_user_is_created_with_a_password_from_standard_input(cli):
    result = create(
        cli, "wang", "--role", "operator", "--folder", "sales/", "--folder", "/hr", "--display-name", "王五"
    )
    assert result.output == "user wang: created as operator\n"
    assert listed(cli)[0][:5] == ["wang", "王五", "operator", "enabled", "/sales, /hr"]
    assert verified(cli, "wang", PASSWORD)


def test_there_is_no_user_to_begin_with(cli):
    assert listed(cli) == []


@pytest.mark.parametrize("command", ["create", "passwd"])
def test_a_password_can_be_made_and_is_shown_once(cli, command):
    if command == "passwd":
        create(cli)
    text = cli.run("users", command, "wang", "--generate").stdout
    password = re.search(r"^password: (\S{20})$", text, re.MULTILINE)[1]
    assert verified(cli, "wang", password)
    assert password not in cli.run("users", "list").output


def test_a_password_is_read_from_the_first_line_of_a_file(cli):
    file = cli.write("password", f"{PASSWORD}\nnot this\n")
    cli.run("users", "create", "wang", "--password-file", file)
    assert verified(cli, "wang", PASSWORD)
    cli.run("users", "passwd", "wang", "--password-file", "-", input="another password\r\n")
    assert verified(cli, "wang", "another password")
    assert not verified(cli, "wang", PASSWORD)


def test_mistakes_are_told_and_the_password_is_not(cli):
    refused = cli.run("users", "create", "wang", exit_code=1, input="short\n")
    assert "password: take 10 to 1024 characters" in refused.stderr
    assert "'short'" not in refused.output
    create(cli)
    assert "already a user" in create(cli, "WANG", exit_code=1).stderr
    assert "administrator" in create(cli, "li", "--role", "admin", "--folder", "/a", exit_code=1).stderr
    assert "There is no user 'li'" in cli.run("users", "disable", "li", exit_code=1).stderr
    assert "either" in cli.run("users", "passwd", "wang", "--generate", "--password-file", "-", exit_code=2).stderr
    assert "No such file" in cli.run("users", "passwd", "wang", "--password-file", "nowhere", exit_code=1).stderr


def test_a_role_changes_and_keeps_its_folders_unless_told_otherwise(cli):
    create(cli, "wang", "--folder", "/sales")
    assert cli.run("users", "role", "wang", "operator").output == "user wang: operator on /sales\n"
    assert cli.run("users", "role", "wang", "viewer", "--folder", "/hr").output == "user wang: viewer on /hr\n"
    assert "administrator" in cli.run("users", "role", "wang", "admin", exit_code=1).stderr
    assert cli.run("users", "role", "wang", "admin", "--every-folder").output == "user wang: admin on every task\n"


def test_users_are_disabled_enabled_and_deleted(cli):
    create(cli)
    cli.run("users", "disable", "wang")
    assert listed(cli)[0][3] == "disabled"
    cli.run("users", "enable", "wang")
    assert listed(cli)[0][3] == "enabled"
    cli.run("users", "delete", "wang", input="n\n", exit_code=1)
    assert len(listed(cli)) == 1
    cli.run("users", "delete", "--yes", "wang")
    assert listed(cli) == []


def test_logins_are_listed_and_ended(cli):
    create(cli)
    with runtime(cli) as opened:
        user = opened.users.get("wang")
        sessions = [opened.sessions.open(user, 3600, user.as_principal()) for _ in range(3)]
    lines = cli.run("users", "logins").stdout.splitlines()[1:]
    assert {line.split()[0] for line in lines} == {session.jti for session in sessions}
    assert cli.run("users", "logout", "wang", "--login", sessions[0].jti).output == "user wang: 1 login ended\n"
    assert "no login" in cli.run("users", "logout", "wang", "--login", sessions[0].jti, exit_code=1).stderr
    assert cli.run("users", "logout", "wang").output == "user wang: 2 logins ended\n"


def test_the_password_is_no_argument_of_any_process_and_in_no_file(cli):
    command = [sys.executable, "-m", "fdl_trigger.cli", "users", "create", "wang"]
    process = subprocess.Popen(
        command, env=cli.environ, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    told = Path(f"/proc/{process.pid}/cmdline")
    arguments = told.read_text() if told.exists() else ""
    output, _ = process.communicate(f"{PASSWORD}\n".encode(), timeout=60)
    assert (process.returncode, output) == (0, b"user wang: created as viewer\n")
    assert PASSWORD not in arguments
    assert all(PASSWORD.encode() not in path.read_bytes() for path in cli.directory.rglob("*") if path.is_file())
