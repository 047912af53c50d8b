"""`fdl-trigger instances`: list, show, log, terminate."""


def test_runs_are_listed_newest_first(cli, instance):
    cli.run("tasks", "run", "orders")
    lines = cli.run("instances", "list", "orders").stdout.splitlines()
    assert lines[0].split() == ["INSTANCE", "STATUS", "BY", "CREATED", "DURATION", "READ", "WRITTEN", "DIRTY"]
    assert len(lines) == 3
    assert lines[2].startswith(instance)
    assert len(cli.run("instances", "list", "orders", "--limit", "1").stdout.splitlines()) == 2


def test_a_run_is_shown_with_its_nodes_and_transitions(cli, instance):
    text = cli.run("instances", "show", instance).stdout
    assert "status    SUCCEEDED" in text
    assert "trigger   code by command line" in text
    assert "node      sync: SUCCEEDED, 1 pages, 7 rows read, 7 inserted" in text
    events = [line.split()[3] for line in text.splitlines() if line.startswith("event")]
    assert events == ["WAITING", "RUNNING", "SUCCEEDED"]


def test_the_log_of_a_run_is_printed(cli, instance):
    assert "sync [BASIC] starts (attempt 1)" in cli.run("instances", "log", instance).stdout


def test_a_finished_run_cannot_be_terminated(cli, instance):
    assert "already ended" in cli.run("instances", "terminate", instance, exit_code=1).stderr


def test_an_unknown_run_is_told(cli):
    assert cli.run("instances", "show", "x", exit_code=1).stderr == "Error: There is no instance 'x'.\n"
