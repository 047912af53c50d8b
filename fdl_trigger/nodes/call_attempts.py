"""The attempts of one call: again after a failure, each built and signed anew, and a record of every one."""

import time
from collections.abc import Callable
from typing import Any

from ..domain.clock import system_clock
from .answers import log_request, refused
from .context import FlowContext
from .errors import NodeError
from .http_client import Answer, HttpClient, Request

WAITS_S = (5.0, 15.0, 30.0)
"""Before the first, second and third retry (roma-scheduled-calls.md section 4)."""
MAX_RETRIES = len(WAITS_S)
HEAD_BYTES = 4096

Build = Callable[[], Request]


class CallAttempts:
    """Sends a request until its status is allowed; with `keeps` the record of the attempts is left with the node."""

    def __init__(self, context: FlowContext, client: HttpClient, retries: int, *, keeps: bool) -> None:
        self._context = context
        self._client = client
        self._retries = retries
        self._keeps = keeps
        self._record: list[dict[str, Any]] = []

    def send(self, build: Build, allows: Callable[[int], bool]) -> tuple[Request, Answer]:
        """Return the request that succeeded with its answer; raises NodeError with the last failure."""
        for wait_s in (*WAITS_S[: self._retries], None):
            request = build()
            try:
                return request, self._attempt(request, allows)
            except NodeError:
                if wait_s is None:
                    raise
                self._context.sleep(wait_s)
                # Stopping a task drops the retries that are left (roma-scheduled-calls.md section 4).
                if not self._context.may_retry():
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, request: Request, allows: Callable[[int], bool]) -> Answer:
        started, since = system_clock(), time.monotonic()
        answer: Answer | None = None
        problem: str | None = None
        try:
            answer = self._client.send(request)
            log_request(self._context, request, answer, None)
            if not allows(answer.status):
                raise refused(request, answer)
            return answer
        except NodeError as error:
            problem = str(error)
            raise
        finally:
            self._note(request, started, round((time.monotonic() - since) * 1000), answer, problem)

    def _note(self, request: Request, started: int, took_ms: int, answer: Answer | None, error: str | None) -> None:
        self._record.append(
            {
                "n": len(self._record) + 1,
                "startTime": started,
                "finishTime": started + took_ms,
                "status": None if answer is None else answer.status,
                "error": error,
                "head": "" if answer is None else _head(request, answer),
            }
        )
        if self._keeps:
            self._context.keep_attempts(list(self._record))


def _head(request: Request, answer: Answer) -> str:
    """Return the start of an answer; masked before it is cut, so that no half of a secret is left at the end."""
    text = answer.content[: 8 * HEAD_BYTES].decode("utf-8", "replace")
    return request.masker.start(text, HEAD_BYTES).encode()[:HEAD_BYTES].decode("utf-8", "ignore")
