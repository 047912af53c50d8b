"""SHELL nodes run programs: arguments are arguments, output becomes parameters, and nothing outlives its node."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
from marshmallow import ValidationError

from fdl_trigger.domain.definition import flatten
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.errors import BuildError, NodeError, Stopped
from fdl_trigger.nodes.shell import ShellSchema

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="supervision of orphans is Linux's")

# Ignores TERM itself, and starts a double fork in a new session that ignores it too and has dropped its environment.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def note(): open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        note()
        deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
        os.execve(sys.executable, [sys.executable, "-c", deaf], {})
    os._exit(0)
if os.fork() == 0:
    note()
    time.sleep(600)
note()
while len(os.listdir(sys.argv[1])) < 3:
    time.sleep(0.01)
print("ready", flush=True)
time.sleep(600)
"""


def alive(directory: Path) -> list[int]:
    """Return the processes that noted themselves and still run."""
    pids = [int(path.name) for path in directory.iterdir()]
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def noted(tmp_path):
    directory = tmp_path / "noted"
    directory.mkdir()
    return directory


def problems(**config):
    try:
        ShellSchema().load(config)
    except ValidationError as error:
        return [key for key, _ in flatten(error.normalized_messages())]
    return []


def test_a_program_gets_parameters_as_arguments_and_as_variables(bench):
    bench.params = {"day": "2026-11-22", "city.name": "北京 $(id)"}
    script = (
        "import os, sys; print(sys.argv[1:]); print(os.environ['FDL_PARAM_DAY'], os.environ['FDL_PARAM_CITY_NAME'])"
    )
    run = bench.run_node("SHELL", {"command": [sys.executable, "-c", script, "--", "${day}", "a ${city.name};b"]})
    assert run.logged(Level.INFO) == ["['--', '2026-11-22', 'a 北京 $(id);b']", "2026-11-22 北京 $(id)"]
    assert run.logged(Level.BASIC) == ["exit code 0"]


def test_what_a_program_prints_becomes_parameters(bench):
    script = "echo one; echo total=5; echo TOTAL = 6; echo total=7; echo; echo last; echo; echo nothing >&2; exit 3"
    assign = [
        {"parameter": "total", "from": "KEY_VALUE", "name": "total"},
        {"parameter": "end", "from": "LAST_LINE"},
        {"parameter": "code", "from": "EXIT_CODE"},
    ]
    run = bench.run_node("SHELL", {"command": ["sh", "-c", script], "exitCodes": [0, 3], "assign": assign})
    assert run.assigned == {"total": "7", "end": "last", "code": 3}


@pytest.mark.parametrize("origin", [{"from": "LAST_LINE"}, {"from": "KEY_VALUE", "name": "x"}])
def test_a_value_that_was_not_printed_fails_the_node(bench, origin):
    with pytest.raises(NodeError, match="nothing to assign to 'p'"):
        bench.run_node("SHELL", {"command": ["true"], "assign": [{"parameter": "p", **origin}]})


def test_an_exit_code_that_is_no_success_fails_the_node_and_names_the_last_error(bench):
    with pytest.raises(NodeError, match=r"^sh ended with exit code 4: disk full$"):
        bench.run_node("SHELL", {"command": ["sh", "-c", "echo begin; echo disk full >&2; exit 4"]})


def test_a_program_that_is_killed_ends_with_128_and_the_signal(bench):
    with pytest.raises(NodeError, match="exit code 137"):
        bench.run_node("SHELL", {"command": ["sh", "-c", "kill -9 $$"]})


@pytest.mark.parametrize("config", [{"command": ["no-such-program-x"]}, {"command": ["true"], "cwd": "no/such/place"}])
def test_a_program_that_cannot_be_started_is_a_mistake_of_the_task(bench, config):
    with pytest.raises(BuildError, match="cannot be started: No such file or directory"):
        bench.run_node("SHELL", config)


def test_directory_and_variables_are_those_of_the_node(bench, tmp_path):
    bench.params = {"where": str(tmp_path)}
    config = {"command": ["sh", "-c", "pwd; echo $MODE"], "cwd": "${where}", "env": {"MODE": "in ${where}"}}
    assert bench.run_node("SHELL", config).logged(Level.INFO) == [str(tmp_path), f"in {tmp_path}"]


def test_the_environment_of_the_service_stays_with_the_service(bench, monkeypatch):
    monkeypatch.setenv("SERVICE_SECRET", "do not tell")
    run = bench.run_node("SHELL", {"command": ["env"]})
    names = {line.partition("=")[0] for line in run.logged(Level.INFO)}
    assert "SERVICE_SECRET" not in names
    assert "PATH" in names


def test_output_of_any_kind_and_length_is_logged_in_part(bench):
    script = (
        "import sys; b=sys.stdout.buffer; b.write(b'\\xff'*9999 + b'\\n'); [b.write(b'%d\\n' % i) for i in range(3000)]"
    )
    run = bench.run_node("SHELL", {"command": [sys.executable, "-c", script], "logOutput": "BASIC"})
    lines = run.logged(Level.BASIC)
    assert len(lines[0]) == 2000
    assert lines[1:] == [*map(str, range(999)), "exit code 0"]
    assert run.logged(Level.WARN) == ["the output has more than 1000 lines; the others are not kept"]


def test_a_secret_is_no_argument_but_a_variable(bench):
    bench.params = {"token": "s3cr3t-value", "wrapped": "x-s3cr3t-value"}
    for name in bench.params:
        context = bench.context()
        context.secret_names = {"token"}
        with pytest.raises(BuildError, match=f"the secret '{name}' must not be an argument"):
            bench.run_node("SHELL", {"command": ["echo", f"a${{{name}}}"]}, context)
    context = bench.context()
    context.secret_names = {"token"}
    config = {"command": ["sh", "-c", 'printf %s "$FDL_PARAM_TOKEN" | wc -c']}
    assert bench.run_node("SHELL", config, context).logged(Level.INFO) == ["12"]


@pytest.mark.parametrize(
    "command",
    [
        ["${program}"],
        ["sh", "-c", "echo ${x}"],
        ["/bin/bash", "-lc", "echo ${x}"],
        ["env", "A=1", "dash", "-e", "-c", "echo ${x}"],
        ["cmd.exe", "/c", "dir ${x}"],
        ["pwsh", "-Command", "${x}"],
        ["python3.11", "-c", "print('${x}')"],
        ["perl", "-ne", "${x}"],
        ["node", "--eval=${x}"],
        ["ssh", "host", "ls ${x}"],
        ["find", ".", "-exec", "sh", "-c", "${x}", ";"],
        ["awk", "{print ${x}}"],
        ["echo", "a\0b"],
        [],
    ],
)
def test_a_parameter_is_never_part_of_a_program(command):
    assert problems(command=command) != []


@pytest.mark.parametrize(
    "command", [["cp", "${from}", "${to}"], ["sh", "script.sh", "${x}"], ["sh", "-c", 'echo "$FDL_PARAM_X"']]
)
def test_a_parameter_may_be_an_argument(command):
    assert problems(command=command) == []


def test_a_parameter_does_not_become_an_option(bench):
    bench.params = {"x": "--checkpoint-action=exec=id", "n": "-5"}
    with pytest.raises(BuildError, match="would be read as an option"):
        bench.run_node("SHELL", {"command": ["echo", "${x}"]})
    run = bench.run_node("SHELL", {"command": ["printf", "%s ", "f=${x}", "${n}", "--", "${x}"]})
    assert run.logged(Level.INFO) == ["f=--checkpoint-action=exec=id -5 -- --checkpoint-action=exec=id "]


def test_a_stop_leaves_no_process_although_they_ignore_it_and_hide(bench, noted):
    context = bench.context()
    moments = []

    def stop(line):
        moments.append(time.monotonic())
        Thread(target=context.stop).start()

    context.log = lambda level, text: stop(text) if text == "ready" else None
    with pytest.raises(Stopped):
        bench.run_node("SHELL", {"command": [sys.executable, "-c", STUBBORN, str(noted)]}, context)
    assert time.monotonic() - moments[0] < 5
    assert len(list(noted.iterdir())) == 3
    assert alive(noted) == []


def test_a_program_that_obeys_ends_at_once(bench):
    context = bench.context()
    context.log = lambda level, text: Thread(target=context.stop).start() if text == "ready" else None
    began = time.monotonic()
    with pytest.raises(Stopped):
        bench.run_node("SHELL", {"command": ["sh", "-c", "echo ready; exec sleep 600"]}, context)
    assert time.monotonic() - began < 1.5


def test_a_run_that_was_stopped_before_starts_nothing(bench, noted):
    context = bench.context()
    context.stop()
    with pytest.raises(Stopped):
        bench.run_node("SHELL", {"command": [sys.executable, "-c", STUBBORN, str(noted)]}, context)
    assert alive(noted) == []


def test_what_a_program_leaves_behind_ends_with_its_node(bench, noted):
    script = (
        f"(setsid sh -c 'touch {noted}/$$; exec sleep 600' &) ; while [ -z \"$(ls {noted})\" ]; do sleep 0.01; done"
    )
    bench.run_node("SHELL", {"command": ["sh", "-c", script]})
    assert len(list(noted.iterdir())) == 1
    assert alive(noted) == []


def test_when_the_service_is_killed_its_programs_end(noted):
    script = (
        "import sys; sys.path.insert(0, sys.argv[3]); from fdl_trigger.nodes.program import Program, Command;"
        "from contextlib import nullcontext;"
        "C = type('C', (), {'on_stop': lambda s, f: nullcontext(), 'check': lambda s: None});"
        "Program(Command((sys.executable, '-c', sys.argv[1], sys.argv[2])), grace_s=0.1)"
        ".run(C(), lambda line: print(line, flush=True), print)"
    )
    root = str(Path(__file__).parents[2])
    arguments = [sys.executable, "-c", script, STUBBORN, str(noted), root]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as service:
        said = service.stdout.readline()
        running = alive(noted)
        service.kill()
    assert said == b"ready\n"
    assert len(running) == 3
    deadline = time.monotonic() + 5
    while alive(noted) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive(noted) == []


@pytest.mark.parametrize("kind", ["SHELL", "PYTHON"])
def test_a_node_type_that_is_switched_off_says_so(kind):
    with pytest.raises(ValidationError, match=f"{kind} nodes are switched off"):
        NODE_TYPES[kind].schema().load({"command": ["true"]})
    with pytest.raises(BuildError, match="switched off"):
        NODE_TYPES[kind].run({}, None)


def test_no_descriptor_is_left_open(bench):
    bench.run_node("SHELL", {"command": ["true"]})
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        bench.run_node("SHELL", {"command": ["true"]})
    assert len(os.listdir("/proc/self/fd")) == before
