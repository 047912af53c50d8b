"""What an HTTP answer says: its text, what is wrong with it, and its lines in the run log."""

from ..domain.states import Level
from .context import NodeContext
from .errors import NodeError
from .http_client import Answer, Request
from .json_text import decode

LOGGED_CHARACTERS = 2000
_ERROR_CHARACTERS = 500
_CHARSET = "charset="


def text_of(answer: Answer, encoding: str | None) -> str:
    """Decode the answer by the chosen encoding, else its own charset, else UTF-8; raises NodeError on a misfit."""
    return decode(answer.content, encoding, _charset(answer))


def log_request(context: NodeContext, request: Request, answer: Answer, rows: int | None) -> None:
    """Log one exchange; `rows` is how many rows it gave, where that is a question."""
    where = request.masker.url(request.url)
    counted = "" if rows is None else f", {rows} rows"
    context.log(
        Level.INFO,
        f"{request.method} {where}: {answer.status}, {answer.elapsed_ms} ms, {len(answer.content)} bytes{counted}",
    )


def log_body(context: NodeContext, request: Request, title: str, text: str) -> None:
    """Log the start of a body, masked."""
    context.log(Level.INFO, f"{title}: {request.masker.start(text, LOGGED_CHARACTERS)}")


def log_request_body(context: NodeContext, request: Request) -> None:
    """Log the start of what is about to be sent, masked."""
    if request.body:
        log_body(context, request, "request body", request.body.decode("utf-8", "replace"))


def refused(request: Request, answer: Answer) -> NodeError:
    """Return the error for an answer whose status means failure."""
    content = answer.content[: 32 * _ERROR_CHARACTERS].decode("utf-8", "replace")
    text = request.masker.start(content, _ERROR_CHARACTERS)
    hint = " (only a GET follows redirects)" if 300 <= answer.status <= 399 else ""
    return NodeError(f"{request.method} {request.masker.url(request.url)} answered {answer.status}{hint}: {text}")


def not_json(request: Request, text: str, error: ValueError) -> NodeError:
    """Return the error for an answer that had to be JSON."""
    where = f"{request.method} {request.masker.url(request.url)}"
    if not text.strip():
        return NodeError(f"{where}: the answer is empty, not JSON")
    return NodeError(f"{where}: the answer is not JSON ({error}); it begins: {request.masker.start(text, 200)}")


def _charset(answer: Answer) -> str | None:
    content_type = answer.headers.get("content-type", "")
    position = content_type.lower().find(_CHARSET)
    if position < 0:
        return None
    return content_type[position + len(_CHARSET) :].split(";")[0].strip() or None
