"""E-mail over SMTP."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formataddr, formatdate, parseaddr
from threading import Timer
from typing import Any

import certifi

from ..context import Stoppable
from .base import Message, NotSent, Receipt, cut

_TEXT_BYTES = 100_000
_SHOWN = 300
_AFTER_CUT_S = 1.0  # the deadline ends a conversation; the socket's own limit is for a connect it cannot end


class Smtp:
    """Writes a mail to every recipient of the connection."""

    def send(self, settings: Mapping[str, Any], message: Message, errand: Stoppable) -> Receipt:
        """See Channel."""
        seconds = errand.limits.request_timeout_s
        with _Session(settings, errand) as session, errand.on_stop(session.cut), _deadline(seconds, session.cut):
            return session.deliver(mail_of(settings, message))


def mail_of(settings: Mapping[str, Any], message: Message) -> MIMEText:
    """Return the mail of a message; sent again it has the same Message-ID."""
    # The newer EmailMessage loses blanks where it folds a long subject that is not ASCII.
    mail = MIMEText(cut(message.text, _TEXT_BYTES), "plain", "utf-8")
    mail["From"] = formataddr(parseaddr(settings["sender"]))
    mail["To"] = ", ".join(settings["recipients"])
    mail["Subject"] = Header(message.title, header_name="Subject").encode()
    mail["Date"] = formatdate(message.sent_at / 1000)
    mail["Message-ID"] = f"<{message.uid}@fdl-trigger>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice answers it
    return mail


class _Session(smtplib.SMTP):
    """One conversation with a mail server, which another thread can cut."""

    def __init__(self, settings: Mapping[str, Any], errand: Stoppable) -> None:
        self._settings = settings
        self._errand = errand
        self._twin: socket.socket | None = None
        self._is_cut = False
        super().__init__(timeout=errand.limits.request_timeout_s + _AFTER_CUT_S)
        self._host = settings["host"]  # smtplib checks the certificate against it

    def __exit__(self, *_: object) -> None:
        self.close()
        if self._twin is not None:
            self._twin.close()

    def cut(self) -> None:
        self._is_cut = True
        if self._twin is not None:
            with suppress(OSError):
                self._twin.shutdown(socket.SHUT_RDWR)

    def deliver(self, mail: MIMEText) -> Receipt:
        try:
            return self._converse(mail)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients) from None
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else ""
            raise NotSent(f"the mail server said {error.smtp_code}: {said[:_SHOWN]}", error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{self._settings['host']}:{self._settings['port']}: {self._what_happened(error)}") from None

    def _converse(self, mail: MIMEText) -> Receipt:
        settings = self._settings
        self.connect(settings["host"], settings["port"])
        if settings["security"] == "starttls":
            self.starttls(context=_tls(settings["verifyTls"]))
        if settings["user"]:
            self.login(settings["user"], settings["password"])
        refused = self.send_message(mail, parseaddr(settings["sender"])[1], list(settings["recipients"]))
        with suppress(OSError, smtplib.SMTPException):
            self.quit()
        if refused:
            raise _refused(refused, of_some=True)
        return Receipt(250)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect to the first allowed address; smtplib's own hook."""
        plain = self._connected(host, port, timeout)
        if self._settings["security"] != "tls":
            return plain
        try:
            return _tls(self._settings["verifyTls"]).wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def _connected(self, host: str, port: int, timeout: float) -> socket.socket:
        egress, trusted = self._errand.limits.egress, self._settings["allowLoopback"]
        failure: OSError = OSError("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            refusal = egress.refusal(str(address[0]), port, trusted=trusted)
            if refusal:
                failure = OSError(f"refused: {refusal}")
                continue
            sock = socket.socket(family, kind, protocol)
            try:
                return self._adopted(sock, address, timeout)
            except OSError as error:
                sock.close()
                failure = error
        raise failure

    def _adopted(self, sock: socket.socket, address: Any, timeout: float) -> socket.socket:
        if self._twin is not None:
            self._twin.close()
        self._twin = sock.dup()
        if self._is_cut:
            raise ConnectionAbortedError("cut")
        sock.settimeout(timeout)
        sock.connect(address)
        return sock

    def _what_happened(self, error: Exception) -> str:
        if self._is_cut or isinstance(error, TimeoutError):
            return f"not done within {self._errand.limits.request_timeout_s:g} s"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed ({error}); verifyTls can be switched off for a self-signed certificate"
        return str(error)[:_SHOWN]


@contextmanager
def _deadline(seconds: float, cut_off: Callable[[], None]) -> Iterator[None]:
    timer = Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _refused(recipients: Mapping[str, tuple[int, bytes]], *, of_some: bool = False) -> NotSent:
    said = "; ".join(f"{who}: {code} {text.decode('utf-8', 'replace')}" for who, (code, text) in recipients.items())
    code = next(iter(recipients.values()))[0]
    whom = "some recipients were refused, the others have it" if of_some else "every recipient was refused"
    # Sent again, those who have it would get it twice.
    return NotSent(f"{whom}: {said[:_SHOWN]}", code, is_final=of_some)


def _tls(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
