"""Hostile parameter values in arguments, addresses and headers stay text: none is executed, none adds a request.

200 payloads run always, all 2,000 with CAMPAIGN=full.
"""

import json
import os
import random
import sys

import pytest

from fdl_trigger.nodes.command_rules import require_argument
from fdl_trigger.nodes.errors import BuildError

PAYLOADS = 2000 if os.environ.get("CAMPAIGN") == "full" else 200

CANARY = "canary"
COMMANDS = (f"touch {CANARY}", f"python3 -c \"open('{CANARY}','w')\"", f">{CANARY}", f"echo x|tee {CANARY}")
SHELL_FRAMES = (
    "; {};", "| {}", "|| {}", "&& {}", "& {} &", "`{}`", "$({})", "$(({}))", "\n{}\n", "\r\n{}\r\n", "'; {}; '",
    '"; {}; "', "'$({})'", "\\'; {} #", "<({})", ">({})", "${IFS}{}", "${x:-$({})}", "%0a{}", "%26{}", "\0{}",
    "--eval={}", "-c {}", "-e{}", "--checkpoint-action=exec={}", "-oProxyCommand={}", "@{}", "{{{}}}", "<%= {} %>",
    "() { :;}; {}", "a[$({})]", "$'\\x24({})'", "!{}", "*{}", "~{}", "${workname}{}", "=cmd|'{}'!A1", "\x1b]{}\x07",
)  # fmt: skip
WIRE_FRAMES = (
    "a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a HTTP/1.1\r\nHost: evil\r\n\r\nGET /evil HTTP/1.1", "\t", "%",
    "%0d%0aX-Evil: 1", "\u560d\u560aX-Evil: 1", "a\u2028X-Evil: 1", "a\x0bX-Evil: 1", "a\0b", "../evil", "..%2fevil",
    "%2e%2e/evil", "..\\evil", "/evil", "//evil.example/", "@evil.example/", "\\\\evil.example\\", ":80@evil.example",
    "?evil=1", "#evil", "&evil=1", "%zz", "%00", " HTTP/1.1", "[::1]", "\U0001f600", "\udcff", "a" * 5000,
    "javascript:alert(1)", "file:///etc/passwd",
)  # fmt: skip
TOGETHER = 20  # payloads one program gets


def payloads(frames, fills, count):
    """Return so many different values: each frame as it is, then mixes of them."""
    chooser = random.Random(4)
    found = dict.fromkeys(frame.replace("{}", fills[0]) for frame in frames)
    while len(found) < count:
        pieces = (chooser.choice(frames).replace("{}", chooser.choice(fills)) for _ in range(chooser.randint(1, 3)))
        found[chooser.choice(("", "x", "-", "2026 ")) + "".join(pieces)] = None
    return list(found)[:count]


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform != "linux", reason="supervision of orphans is Linux's")
def test_no_argument_is_executed(bench, tmp_path):
    directory = tmp_path / "here"
    directory.mkdir()
    told = "import json, os, sys; json.dump([sys.argv[1:], os.environ['FDL_PARAM_X0']], open('told.json', 'w'))"
    (directory / "tell.py").write_text(told)
    (directory / "tell.sh").write_text('exec "$PYTHON" tell.py "$@"\n')
    values = [value for value in payloads(SHELL_FRAMES, COMMANDS, PAYLOADS) if "\0" not in value]
    for start in range(0, len(values), TOGETHER):
        given = values[start : start + TOGETHER]
        bench.params = {f"x{number}": value for number, value in enumerate(given)}
        program = ["sh", "tell.sh"] if start // TOGETHER % 2 else [sys.executable, "tell.py"]
        command = [*program, "--", *(f"${{{name}}}" for name in bench.params), "a${x0}"]
        bench.run_node("SHELL", {"command": command, "cwd": str(directory), "env": {"PYTHON": sys.executable}})
        assert json.loads((directory / "told.json").read_text()) == [["--", *given, "a" + given[0]], given[0]]
    assert sorted(path.name for path in directory.iterdir()) == ["tell.py", "tell.sh", "told.json"]


@pytest.mark.campaign
def test_no_value_becomes_an_option_or_breaks_an_argument():
    for value in payloads(SHELL_FRAMES, COMMANDS, PAYLOADS):
        if "\0" in value or value.startswith("-"):
            with pytest.raises(BuildError):
                require_argument("${x}", value, after_options=False)
        else:
            require_argument("${x}", value, after_options=False)


@pytest.mark.campaign
def test_no_value_adds_a_header_or_a_request_or_leaves_the_host(api, bench):
    api.replies["/x"] = {}
    sent = 0
    for value in payloads(WIRE_FRAMES, ("",), PAYLOADS):
        bench.params = {"x": value}
        for config in (
            {"url": api.url + "/x", "headers": {"X-Value": "${x}"}},
            {"url": api.url + "/x", "params": {"v": "${x}", "${x}": "name"}},
            {"url": api.url + "/base/${x}"},
            {"url": api.url + "/x", "method": "POST", "body": {"type": "FORM_URLENCODED", "fields": {"v": "${x}"}}},
        ):
            before = len(api.seen)
            try:
                bench.run_node("HTTP_CALL", {**config, "success": {"status": "100-599"}})
            except BuildError:
                assert len(api.seen) == before
                continue
            sent += 1
            [seen] = api.seen[before:]
            assert "X-Evil" not in seen.headers
            assert seen.headers["Host"] == api.url.removeprefix("http://")
            assert seen.path.startswith(("/x", "/base/"))
            assert "evil" not in seen.path.split("?")[0].split("/base/")[0]
    assert sent > PAYLOADS


@pytest.mark.campaign
def test_a_value_in_the_query_or_a_form_arrives_as_it_was(api, bench):
    api.replies["/x"] = {}
    for value in payloads(WIRE_FRAMES + SHELL_FRAMES, COMMANDS, PAYLOADS):
        if "\udcff" in value:
            continue
        bench.params = {"x": value}
        bench.run_node("HTTP_CALL", {"url": api.url + "/x", "params": {"v": "${x}"}})
        assert api.seen[-1].query == {"v": value}
