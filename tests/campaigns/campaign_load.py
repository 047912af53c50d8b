"""Callers that trigger by HTTP whether or not the service is there, and remember what they were answered."""

import http.client
import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

from campaign_service import Seeded

API = "/webroot/decision/sp/client/api/fdl"
TERMINATE_EVERY = 25


class Load:
    """Some threads that trigger as fast as `pause_s` lets them, and terminate an instance now and then."""

    def __init__(self, seeded: Seeded, url: Callable[[], str], threads: int, pause_s: float) -> None:
        self._seeded = seeded
        self._url = url
        self._pause_s = pause_s
        self._over = threading.Event()
        self.answered: list[str] = []
        self.terminated: list[str] = []
        self.unexpected: list[object] = []
        self._threads = [threading.Thread(target=self._call_on, args=(number,)) for number in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call_on(self, number: int) -> None:
        turns = itertools.count(number)
        while not self._over.wait(self._pause_s):
            address = self._url().removeprefix("http://")
            connection = http.client.HTTPConnection(address, timeout=10)
            try:
                while not self._over.wait(self._pause_s):
                    self._trigger(connection, next(turns))
            except (OSError, http.client.HTTPException):
                continue  # killed before it answered: nothing was promised
            finally:
                connection.close()

    def _trigger(self, connection: http.client.HTTPConnection, turn: int) -> None:
        task = self._seeded.tasks[turn % 2]
        answer = self._post(connection, "workId/execute", {"workId": task})
        if answer["errorCode"] is not None:
            self.unexpected.append(answer)
            return
        record = answer["data"]["recordId"]
        self.answered.append(record)
        if turn % TERMINATE_EVERY == 0:
            answer = self._post(connection, "recordId/terminate", {"recordId": record})
            if answer["errorCode"] is None:
                self.terminated.append(record)

    def _post(self, connection: http.client.HTTPConnection, path: str, body: dict[str, str]) -> dict[str, Any]:
        headers = {"client_id": self._seeded.client_id, "secret": self._seeded.secret}
        connection.request("POST", f"{API}/{path}", json.dumps(body), headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer
