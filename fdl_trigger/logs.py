"""The service's own log: one handler, console or JSON lines, a request id on each, secrets blotted out."""

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_SENSITIVE = (
    r"(?:client_?secret|secret|_sign_|sign|signature|(?:fine_)?password|passwd|pwd|[\w-]*token|api_?key|authorization)"
)
# A value after = or : in a query string, a header, JSON or a Python dict; schemes such as Bearer keep their word.
_SECRET = re.compile(
    rf"""(?<![\w-])({_SENSITIVE})(["']?\s*[=:]\s*)(["']?)((?:(?:Bearer|Basic|Digest)\s+)?)([^\s"'&,;}})\]]+)""",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(?<=://)([^\s/@:]*):([^\s/@]+)@")
_MASK = "***"


def redact(text: str) -> str:
    """Return the text with the values of `secret=`, `_sign_=`, `password=`, `token=`, Authorization masked."""
    text = _SECRET.sub(rf"\1\2\3\4{_MASK}", text)
    return _USER_INFO.sub(rf"\1:{_MASK}@", text)


class ContextFilter(logging.Filter):
    """Adds `request_id` to a record and masks the secrets in its message and its extra values."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_text:  # another handler's formatter was here first
            record.exc_text = redact(record.exc_text)
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, _MASK if re.fullmatch(_SENSITIVE, name, re.IGNORECASE) else redact(value))
        return True


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id"}


class _Console(logging.Formatter):
    def formatException(self, ei: Any) -> str:
        return redact(super().formatException(ei))


class _Json(JsonFormatter):
    def formatException(self, ei: Any) -> Any:
        return redact(str(super().formatException(ei)))


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that setting up twice replaces it instead of adding a second one."""


def configure(level: str = "INFO", format: str = "console", stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (standard error), in `format` console or json.

    `level` holds for this service and its web server; other libraries are heard from WARNING on.
    """
    handler = _Handler(stream or sys.stderr)
    handler.addFilter(ContextFilter())
    handler.setFormatter(_formatter(format))
    root = logging.getLogger()
    for old in [item for item in root.handlers if isinstance(item, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("fdl_trigger").setLevel(level)
    logging.captureWarnings(True)
    _adopt("waitress")


def _adopt(name: str) -> None:
    """Hang another library's logger under ours: it takes our level and says nothing twice."""
    logger = logging.getLogger(name)
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    logger.parent = logging.getLogger("fdl_trigger")


def _formatter(format: str) -> logging.Formatter:
    if format == "json":
        fields = "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        return _Json(fields, rename_fields=names, json_ensure_ascii=False)
    return _Console("%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s")
