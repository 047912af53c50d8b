"""POSTing JSON to an address that itself may be a secret, and reading how it went."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..context import Stoppable
from ..errors import NodeError
from ..http_client import Answer, HttpClient, Request
from ..masking import Masker
from .base import NotSent, Receipt

_GONE = 410  # Standard Webhooks: the receiver wants nothing more
_SHOWN = 300


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return a document as compact JSON."""
    return json.dumps(document, separators=(",", ":"), default=str).encode()


def post(
    settings: Mapping[str, Any],
    body: bytes,
    errand: Stoppable,
    *,
    url: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> Answer:
    """POST JSON to the address of the settings (or to `url`, made from it) and return a 2xx answer; raises NotSent.

    Errors name the host only: path and query of a robot are its password. Redirects are not followed.
    """
    masker = _masker(settings, url)
    request = Request(
        "POST",
        url or settings["webhookUrl"],
        {"Content-Type": "application/json; charset=utf-8", "User-Agent": "fdl-trigger", **dict(headers)},
        body,
        errand.limits.request_timeout_s,
        masker,
        "the setting request_timeout_s",
    )
    answer = _sent(request, settings, errand)
    if 200 <= answer.status <= 299:
        return answer
    raise NotSent(
        f"{masker.url(request.url)} answered {answer.status}: {_start(answer, masker)}",
        answer.status,
        is_final=answer.status == _GONE,
    )


def _sent(request: Request, settings: Mapping[str, Any], errand: Stoppable) -> Answer:
    try:
        with HttpClient(errand, verify_tls=settings["verifyTls"], allow_loopback=settings["allowLoopback"]) as client:
            return client.send(request)
    except NotSent:
        raise
    except NodeError as error:
        raise NotSent(str(error)) from None


def receipt_of_robot(settings: Mapping[str, Any], answer: Answer, *codes: str) -> Receipt:
    """Read the answer of a robot: the first of the `codes` that is there must be 0; raises NotSent."""
    try:
        document = json.loads(answer.content)
        code = next(document[name] for name in codes if name in document)
    except (ValueError, TypeError, StopIteration):
        code = None
    if code != 0 or isinstance(code, bool):
        shown = _start(answer, _masker(settings, None))
        raise NotSent(f"the robot did not take the message: {shown}", answer.status)
    return Receipt(answer.status)


def _masker(settings: Mapping[str, Any], url: str | None) -> Masker:
    addresses = [urlsplit(address) for address in (settings["webhookUrl"], url) if address]
    known = [part for address in addresses for part in (address.path, address.query)]
    tokens = [token for path in known for token in path.replace("=", "/").split("/") if len(token) >= 16]
    return Masker([*known, *tokens, settings.get("secret", "")])


def _start(answer: Answer, masker: Masker) -> str:
    return masker.start(answer.content.decode("utf-8", "replace"), _SHOWN) or "nothing"
