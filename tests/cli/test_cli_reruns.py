"""Retries, backfills and global parameters from the command line."""

import re


def test_a_finished_run_is_retried(cli, instance):
    out = cli.run("instances", "retry", instance).stdout
    again = re.fullmatch(r"instance (\S+) retries (\S+)\n", out)
    assert again
    assert again[2] == instance
    assert "trigger   retry" in cli.run("instances", "show", again[1]).stdout


def test_a_retry_takes_one_portion(cli, instance):
    assert "take one of" in cli.run("instances", "retry", "--failed", "--only", "sync", instance, exit_code=2).stderr
    assert "no node 'x'" in cli.run("instances", "retry", "--from", "x", instance, exit_code=1).stderr


def test_a_backfill_is_started_shown_and_stopped(cli, instance):
    out = cli.run("backfills", "start", "orders", "--from", "2024-02-28", "--to", "2024-03-01").stdout
    uid = re.fullmatch(r"backfill (\S+): 3 instances wait\n", out)[1]
    assert "2024-02-28 to 2024-03-01, 0 of 3 ended (3 waiting)" in cli.run("backfills", "show", uid).stdout
    assert "3 of 3 ended (3 terminated)" in cli.run("backfills", "stop", uid).stdout


def test_a_backfill_needs_dates_in_order(cli, instance):
    error = cli.run("backfills", "start", "orders", "--from", "2024-03-02", "--to", "2024-03-01", exit_code=1).stderr
    assert "from a date to a later one" in error


def test_global_parameters_are_set_listed_and_deleted(cli):
    cli.run("params", "set", "host", "example.com")
    cli.run("params", "set", "token", "--type", "secret", input="canary\n")
    lines = cli.run("params", "list").stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [["host", "STRING", "example.com"], ["token", "SECRET", "******"]]
    assert "deleted" in cli.run("params", "delete", "host").stdout
    assert "no global parameter 'host'" in cli.run("params", "delete", "host", exit_code=1).stderr


def test_a_secret_is_not_taken_from_the_command_line(cli):
    assert "standard input" in cli.run("params", "set", "token", "x", "--type", "SECRET", exit_code=2).stderr
