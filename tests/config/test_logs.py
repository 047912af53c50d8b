"""The log: one handler, a request id on each line, no secrets."""

import io
import json
import logging
import warnings

import pytest

from fdl_trigger import logs


@pytest.fixture
def stream():
    stream = io.StringIO()
    logs.request_id.set("-")  # a test client may have left one
    root = logging.getLogger()
    names = ("fdl_trigger", "waitress")
    before = root.level, [logging.getLogger(name).level for name in names], logging.getLogger("waitress").parent
    yield stream
    for handler in [item for item in root.handlers if isinstance(item, logs._Handler)]:
        root.removeHandler(handler)
    root.setLevel(before[0])
    for name, level in zip(names, before[1], strict=True):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("waitress").parent = before[2]
    logging.captureWarnings(False)


def test_a_console_line_has_level_logger_and_request_id(stream):
    logs.configure("INFO", "console", stream)
    token = logs.request_id.set("req-7")
    try:
        logging.getLogger("fdl_trigger.web").info("hello %s", "世界")
    finally:
        logs.request_id.reset(token)
    assert stream.getvalue().endswith(" INFO    fdl_trigger.web [req-7] hello 世界\n")


def test_a_json_line_is_one_object_with_its_extra_values(stream):
    logs.configure("INFO", "json", stream)
    logging.getLogger("fdl_trigger").info("a\nb", extra={"task": "任务", "secret": "s3cret"})
    entry = json.loads(stream.getvalue())
    assert entry["message"] == "a\nb"
    assert (entry["level"], entry["logger"], entry["request_id"]) == ("INFO", "fdl_trigger", "-")
    assert (entry["task"], entry["secret"]) == ("任务", "***")


def test_setting_up_twice_writes_each_line_once(stream):
    logs.configure("INFO", "console", stream)
    logs.configure("INFO", "console", stream)
    logging.getLogger("fdl_trigger").warning("once")
    assert stream.getvalue().count("once") == 1


def test_the_web_server_speaks_at_our_level_and_once(stream):
    logs.configure("ERROR", "console", stream)
    logging.getLogger("waitress.queue").warning("quiet")
    logging.getLogger("waitress").error("loud")
    assert stream.getvalue().count("loud") == 1
    assert "quiet" not in stream.getvalue()


def test_other_libraries_are_heard_from_warning_on(stream):
    logs.configure("DEBUG", "console", stream)
    logging.getLogger("urllib3").info("chatter")
    logging.getLogger("urllib3").warning("retrying /path?access_token=abc")
    assert "chatter" not in stream.getvalue()
    assert "access_token=***" in stream.getvalue()


def test_python_warnings_go_to_the_log(stream):
    logs.configure("INFO", "console", stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("careful", UserWarning, "x.py", 1)
    assert "careful" in stream.getvalue()


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_in_a_traceback_is_masked(stream, form):
    logs.configure("INFO", form, stream)
    try:
        raise ValueError("GET /x?secret=hunter2&a=1")
    except ValueError:
        logging.getLogger("fdl_trigger").exception("failed for password=%s", "hunter2")
    assert "hunter2" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/x?clientId=me&secret=hunter2&a=1", "/x?clientId=me&secret=***&a=1"),
        ("_sign_=0a1b2c;next", "_sign_=***;next"),
        ("{'password': 'hunter2', 'a': 1}", "{'password': '***', 'a': 1}"),
        ('{"token": "hunter2"}', '{"token": "***"}'),
        ("Authorization: Bearer hunter2", "Authorization: Bearer ***"),
        ("authorization=Basic aHVudGVyMg==", "authorization=Basic ***"),
        ("access_token=hunter2", "access_token=***"),
        ("https://user:hunter2@host/x", "https://user:***@host/x"),
        ("clientSecret = hunter2", "clientSecret = ***"),
        ("tokens: 5 design=fine", "tokens: 5 design=fine"),
    ],
)
def test_values_of_secrets_are_masked_and_the_rest_is_kept(text, shown):
    assert logs.redact(text) == shown
