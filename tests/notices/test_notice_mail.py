"""E-mail against a real SMTP server: plain, STARTTLS and TLS."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from notice_receivers import Mailbox, certified, mail_server

from fdl_trigger.domain.records import Connection
from fdl_trigger.nodes.channels.base import Message, NotSent
from fdl_trigger.nodes.channels.errand import Errand
from fdl_trigger.nodes.channels.sending import send
from fdl_trigger.nodes.context import Limits
from fdl_trigger.nodes.errors import Stopped

MESSAGE = Message("msg_1", "orders failed", "the source refused", {}, 1_700_000_000_000)
Started = Callable[..., int]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def started(mailbox: Mailbox) -> Iterator[Started]:
    """Start a mail server and return its port."""
    servers = []

    def start(**options: Any) -> int:
        server = mail_server(mailbox, **options)
        server.start()
        servers.append(server)
        return int(server.port)

    yield start
    for server in servers:
        server.stop()


def over(port: int, **settings: Any) -> Connection:
    return Connection(
        "mail",
        "smtp",
        {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "调度 <robot@fdl.example>",
            "recipients": ["a@x.example", "b@x.example"],
            "allowLoopback": True,
            **settings,
        },
    )


def errand(seconds: float = 5.0) -> Errand:
    return Errand(Limits(request_timeout_s=seconds))


def test_a_mail_reaches_every_recipient(mailbox, started):
    assert send(over(started()), MESSAGE, errand()).status == 250
    [mail] = mailbox.mails
    assert mailbox.recipients == [["a@x.example", "b@x.example"]]
    assert (mail["Subject"], mail["From"], mail["To"]) == (
        "orders failed",
        "调度 <robot@fdl.example>",
        "a@x.example, b@x.example",
    )
    assert mail["Message-ID"] == "<msg_1@fdl-trigger>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().strip() == "the source refused"


def test_subjects_and_texts_of_any_characters_arrive(mailbox, started):
    text = "第一行\n" + "数据" * 3000 + "\n.\n\U0001f525"
    send(over(started()), Message("m", "订单失败 " * 60, text, {}, 0), errand())
    [mail] = mailbox.mails
    assert mail["Subject"] == ("订单失败 " * 60).strip()[:200]
    assert mail.get_content().replace("\r\n", "\n").strip() == text


@pytest.mark.parametrize("breaking", ["\r\n", "\n", "\r", "\r\n\r\n", "\x00", "\u2028", "\x85", "\x0b"])
def test_a_subject_cannot_bring_in_a_header(mailbox, started, breaking):
    send(over(started()), Message("m", f"hello{breaking}Bcc: evil@x.example", "t", {}, 0), errand())
    [mail] = mailbox.mails
    assert mail["Subject"] == "hello Bcc: evil@x.example"
    assert mail["Bcc"] is None
    assert mailbox.recipients == [["a@x.example", "b@x.example"]]


def test_with_starttls_the_password_goes_over_tls(mailbox, started, tmp_path):
    port = started(context=certified(tmp_path))
    secure = {"security": "starttls", "user": "robot", "password": "pass word", "verifyTls": False}
    assert send(over(port, **secure), MESSAGE, errand()).status == 250
    with pytest.raises(NotSent, match="said 535") as caught:
        send(over(port, **{**secure, "password": "wrong word"}), MESSAGE, errand())
    assert "wrong word" not in str(caught.value)
    with pytest.raises(NotSent, match="TLS failed"):
        send(over(port, **{**secure, "verifyTls": True}), MESSAGE, errand())
    with pytest.raises(NotSent, match="said 530"):
        send(over(port), MESSAGE, errand())
    assert len(mailbox.mails) == 1


def test_a_server_without_starttls_gets_nothing(mailbox, started):
    with pytest.raises(NotSent, match="STARTTLS"):
        send(over(started(), security="starttls"), MESSAGE, errand())
    assert mailbox.mails == []


def test_tls_from_the_start_works_too(mailbox, started, tmp_path):
    port = started(context=certified(tmp_path), tls=True)
    assert send(over(port, security="tls", verifyTls=False), MESSAGE, errand()).status == 250
    with pytest.raises(NotSent, match="TLS failed"):
        send(over(port, security="tls"), MESSAGE, errand())
    assert len(mailbox.mails) == 1


def test_a_refused_mail_is_a_failure_with_the_words_of_the_server(mailbox, started):
    mailbox.answer = "554 no such luck"
    with pytest.raises(NotSent, match="said 554: no such luck") as caught:
        send(over(started()), MESSAGE, errand())
    assert (caught.value.status, caught.value.is_final) == (554, False)


def test_a_recipient_that_is_refused_is_told_and_nobody_gets_the_mail_twice(mailbox, started):
    port = started()
    mailbox.refused = {"a@x.example"}
    with pytest.raises(NotSent, match=r"a@x\.example: 550") as caught:
        send(over(port), MESSAGE, errand())
    assert (caught.value.is_final, mailbox.recipients) == (True, [["b@x.example"]])
    mailbox.refused.add("b@x.example")
    with pytest.raises(NotSent, match="every recipient was refused") as caught:
        send(over(port), MESSAGE, errand())
    assert not caught.value.is_final


def test_this_machine_is_not_reached_unless_the_connection_allows_it(mailbox, started):
    with pytest.raises(NotSent, match="refused: 127"):
        send(over(started(), allowLoopback=False), MESSAGE, errand())
    assert mailbox.mails == []


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_hangs_is_left_in_time(silent):
    begun = time.monotonic()
    with pytest.raises(NotSent, match=r"not done within 0\.3 s"):
        send(over(silent), MESSAGE, errand(0.3))
    assert time.monotonic() - begun < 3


def test_a_server_that_drips_is_left_in_time():
    done = threading.Event()

    def drip(server: socket.socket) -> None:
        taken, _ = server.accept()
        with taken:
            while not done.wait(0.05):
                try:
                    taken.sendall(b"220-")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        begun = time.monotonic()
        with pytest.raises(NotSent):
            send(over(server.getsockname()[1]), MESSAGE, errand(0.3))
        assert time.monotonic() - begun < 3
        done.set()
        thread.join()


def test_a_mail_on_its_way_can_be_broken_off(silent):
    on_its_way = errand(20)
    timer = threading.Timer(0.2, on_its_way.stop)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        send(over(silent), MESSAGE, on_its_way)
    assert time.monotonic() - begun < 3
    timer.join()


def test_a_server_that_is_not_there_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent, match=rf"127\.0\.0\.1:{port}"):
        send(over(port), MESSAGE, errand())
    with pytest.raises(NotSent, match=r"nowhere\.invalid:25"):
        send(over(25, host="nowhere.invalid"), MESSAGE, errand())
