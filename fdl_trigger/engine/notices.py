"""Delivers notices on threads of its own: whatever a channel does, no run and no trigger waits for it."""

import logging
import threading
import time
from dataclasses import replace

from ..domain.clock import Clock
from ..domain.errors import StoreUnavailable
from ..domain.notices import Delivery, DeliveryStatus, Occasion, Try
from ..failpoints import fail_point
from ..nodes.channels.base import Message, NotSent, Receipt
from ..nodes.channels.errand import Errand
from ..nodes.context import Limits
from ..nodes.errors import Stopped
from ..store.store import Store

RETRY_AFTER_MS = (5_000, 60_000, 300_000, 1_800_000, 7_200_000)
"""How long after each failed try the next one is due; after the last the delivery is given up."""

POLL_S = 0.5
AT_ONCE = 4  # channels served side by side
MAX_ANSWER_BYTES = 64 * 1024
MAX_TRY_S = 30.0  # however long other requests may take
MAX_ERROR = 500
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_WORDS = {
    Occasion.FAILURE: "failed",
    Occasion.SUCCESS: "succeeded",
    Occasion.TIMEOUT: "took too long",
    Occasion.DIRTY: "left dirty rows",
    Occasion.BUILD: "could not be built",
    Occasion.LATE: "did not run in time",
    Occasion.LONG: "runs too long",
}

logger = logging.getLogger(__name__)


class NoticeDeliverer:
    """Sends what is due, one thread for each channel at work; one deliverer a store."""

    def __init__(self, store: Store, limits: Limits, clock: Clock, keep_days: int) -> None:
        self._store = store
        self._clock = clock
        self._keep_ms = keep_days * DAY_MS
        seconds = min(limits.request_timeout_s, MAX_TRY_S)
        self._errand = Errand(replace(limits, max_response_bytes=MAX_ANSWER_BYTES, request_timeout_s=seconds))
        self._lock = threading.Lock()
        self._at_work: dict[str, threading.Thread] = {}
        self._rests_until: dict[str, int] = {}
        self._next_purge = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the loop."""
        self._thread = threading.Thread(target=self._loop, name="fdl-notices", daemon=True)
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """End the loop; what is due gets `grace_s` seconds, the rest is sent after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if grace_s > 0:
            self._turn()
            self.wait_until_idle(grace_s)
        self._errand.stop()
        self.wait_until_idle(1)

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait for the threads at work; return whether all have ended."""
        deadline = time.monotonic() + seconds
        for thread in list(self._at_work.values()):
            thread.join(max(0.0, deadline - time.monotonic()))
        return not self._at_work

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._turn()
            self._stopping.wait(POLL_S)

    def _turn(self) -> None:
        try:
            self.turn()
        except StoreUnavailable as error:
            logger.error("notices wait, the store cannot be reached: %s", error)

    def turn(self) -> None:
        """Start a thread for every channel that something is due on, as far as there is room."""
        now = self._clock()
        for channel in self._store.notices.due_channels(now):
            with self._lock:
                has_room = len(self._at_work) < AT_ONCE and channel not in self._at_work
                if has_room and self._rests_until.get(channel, 0) <= now:
                    self._begin(channel)
        if now >= self._next_purge:
            purged = self._store.notices.purge(now - self._keep_ms)
            self._next_purge = now if purged else now + HOUR_MS

    def _begin(self, channel: str) -> None:
        thread = threading.Thread(target=self._serve, args=(channel,), name="fdl-notice", daemon=True)
        self._at_work[channel] = thread
        thread.start()

    def _serve(self, channel: str) -> None:
        """Send what is due on a channel, until nothing is, or until one is not taken: then the channel rests."""
        try:
            while (delivery := self._store.notices.next_due(channel, self._clock())) and self._deliver(delivery):
                pass
        except Stopped:
            logger.info("a notice over %s is sent after the next start", channel)
        except StoreUnavailable as error:
            self._rest(channel)
            logger.error("what became of a notice over %s is not written down: %s", channel, error)
        except Exception:
            self._rest(channel)
            logger.exception("a notice over %s failed by a mistake of this service", channel)
        finally:
            with self._lock:
                del self._at_work[channel]

    def _rest(self, channel: str) -> None:
        self._rests_until[channel] = self._clock() + RETRY_AFTER_MS[0]

    def _deliver(self, delivery: Delivery) -> bool:
        """Try once and write down how it went; return whether it was taken."""
        self._errand.check()
        at, started = self._clock(), time.monotonic()
        fail_point("notice.sending")
        outcome = self._send(delivery, at)
        fail_point("notice.sent")
        ms = round((time.monotonic() - started) * 1000)
        if isinstance(outcome, Receipt):
            self._store.notices.keep(delivery.id, Try(at, ms, outcome.status, None), DeliveryStatus.DELIVERED, at)
            fail_point("notice.kept")
            return True
        self._keep_failure(delivery, outcome, Try(at, ms, outcome.status, str(outcome)[:MAX_ERROR]))
        return False

    def _keep_failure(self, delivery: Delivery, why: NotSent, one: Try) -> None:
        self._rest(delivery.channel)
        if why.is_final or delivery.tries >= len(RETRY_AFTER_MS):
            logger.warning("a notice over %s is given up: %s", delivery.channel, one.error)
            self._store.notices.keep(delivery.id, one, DeliveryStatus.FAILED, one.at)
        else:
            due_at = self._clock() + RETRY_AFTER_MS[delivery.tries]
            self._store.notices.keep(delivery.id, one, DeliveryStatus.PENDING, due_at)
            fail_point("notice.postponed")

    def _send(self, delivery: Delivery, now: int) -> Receipt | NotSent:
        # urllib3 takes half a second to import: only the first notice pays for it.
        from ..nodes.channels.sending import send

        connection = self._store.catalog.current().connections.get(delivery.channel)
        if connection is None:
            return NotSent(f"there is no connection '{delivery.channel}'")
        try:
            return send(connection, message_of(delivery, now), self._errand)
        except NotSent as error:
            return error


def message_of(delivery: Delivery, now: int) -> Message:
    """Return what people and programs are told; `now` is the time of the try in epoch milliseconds."""
    data = delivery.document["data"]
    rows = data["rows"]
    lines = {
        "state": f"{data['state']} ({data['reason']})" if data["reason"] else data["state"],
        "message": data["message"],
        "instance": data["instanceId"],
        "trigger": f"{data['trigger']} by {data['triggerBy']}",
        "started": data["startedAt"] or "never",
        "finished": data["finishedAt"],
        "rows": f"{rows['read']} read, {rows['written']} written, {rows['dirty']} dirty",
    }
    text = "\n".join(f"{name}: {value}" for name, value in lines.items() if value)
    subject = f"fdl-trigger: {data['taskName']} {_WORDS[delivery.occasion]}"
    return Message(delivery.notice_uid, subject, text, delivery.document, now)
