"""`fdl-trigger apps`: create, list, grant, revoke, enable, disable, delete."""

import re


def listed(cli):
    return cli.run("apps", "list").stdout.splitlines()[1:]


def test_create_prints_id_and_secret_once(cli):
    text = cli.run("apps", "create", "reports").stdout
    client_id, secret = re.fullmatch(r"client_id: (\w{32})\nsecret: (\w{32})\n", text).groups()
    [line] = listed(cli)
    assert line.split()[:4] == ["reports", client_id, "aksk", "enabled"]
    assert line.endswith("execute, list, read, terminate on every task")
    assert secret not in cli.run("apps", "list").output


def test_grants_name_operations_and_tasks(cli, task_file):
    cli.run("tasks", "apply", task_file)
    cli.run("apps", "create", "reports", "--allow", "execute,read", "--task", "orders")
    assert listed(cli)[0].endswith("execute, read on orders")
    cli.run("apps", "grant", "reports", "--allow", "list")
    assert listed(cli)[0].endswith("execute, read on orders; list on every task")
    cli.run("apps", "revoke", "reports", "--allow", "read", "--task", "orders")
    assert listed(cli)[0].endswith("execute on orders; list on every task")


def test_a_page_application_has_no_secret_and_needs_origin_and_task(cli, task_file):
    result = cli.run("apps", "create", "page", "--method", "page", exit_code=1)
    assert "origins: " in result.stderr
    assert "grants: " in result.stderr
    cli.run("tasks", "apply", task_file)
    result = cli.run(
        *("apps", "create", "page", "--method", "page", "--task", "orders"), "--origin", "https://bi.example.com"
    )
    assert re.fullmatch(r"client_id: \w{32}\n", result.output)


def test_wrong_values_are_refused(cli):
    assert "'fly' is not among" in cli.run("apps", "create", "x", "--allow", "read,fly", exit_code=2).stderr
    assert "60/minute" in cli.run("apps", "create", "x", "--rate", "often", exit_code=2).stderr
    assert "There is no task 'nope'" in cli.run("apps", "create", "x", "--task", "nope", exit_code=1).stderr
    assert "see: fdl-trigger apps list" in cli.run("apps", "disable", "nobody", exit_code=1).stderr


def test_an_application_is_found_by_a_name_only_one_has(cli):
    cli.run("apps", "create", "twin")
    cli.run("apps", "disable", "twin")
    assert listed(cli)[0].split()[3] == "disabled"
    cli.run("apps", "enable", "twin")
    cli.run("apps", "create", "twin")
    assert "use the client id" in cli.run("apps", "delete", "--yes", "twin", exit_code=1).stderr
    cli.run("apps", "delete", "--yes", listed(cli)[0].split()[1])
    assert len(listed(cli)) == 1
