"""The settings as frozen values: one field each, with its default, its help and its checks."""

import base64
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, validate

from ..domain.rates import is_rate
from .reading import load_sections


def _setting(default: Any, help: str, *checks: Callable[[Any], Any], shown: bool = True) -> Any:
    return field(default=default, repr=shown, metadata={"help": help, "validate": checks})


def _zone(name: str) -> None:
    try:
        if name:
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError(f"there is no time zone '{name}'") from None


def _rate(text: str) -> None:
    if text and not is_rate(text):
        raise ValidationError("a rate reads like 60/minute or 5/second")


def _key(text: str) -> None:
    try:
        size = len(base64.b64decode(text, validate=True))
    except ValueError:
        size = -1
    if text and size != 32:
        raise ValidationError("is not base64 of 32 bytes; make one with: openssl rand -base64 32")


def _long_token(text: str) -> None:
    if text and len(text) < 32:
        raise ValidationError("is shorter than 32 characters; make one with: openssl rand -hex 32")


def _each(pattern: str, reason: str) -> Callable[[tuple[str, ...]], None]:
    def check(values: tuple[str, ...]) -> None:
        for value in values:
            if not re.fullmatch(pattern, value):
                raise ValidationError(f"'{value}' {reason}")
        if len(set(values)) < len(values):
            raise ValidationError("holds a value twice")

    return check


def _networks(values: tuple[str, ...]) -> None:
    for value in values:
        try:
            ip_network(value, strict=False)
        except ValueError:
            raise ValidationError(f"'{value}' is neither an address nor a network such as 10.0.0.0/8") from None


def _at_least(low: float) -> validate.Range:
    return validate.Range(min=low)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The HTTP server."""

    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 listens on all", validate.Length(1, 255))
    port: int = _setting(8068, "TCP port; 0 takes a free one", validate.Range(0, 65535))
    threads: int = _setting(16, "requests served at the same time", validate.Range(1, 512))
    max_body_bytes: int = _setting(1024 * 1024, "longest accepted request body, in bytes", _at_least(1024))
    request_timeout_s: float = _setting(
        60.0, "time a request may take to arrive, head and body, in seconds", validate.Range(0.1, 3600)
    )
    cors_origins: tuple[str, ...] = _setting(
        (),
        'origins of pages that may call from a browser, such as "https://bi.example.com"; none by default',
        _each(r"\*|https?://[^/\s?#]+", "is not an origin such as https://bi.example.com"),
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "addresses or networks of proxies whose X-Forwarded-For and -Proto are believed; none by default", _networks
    )
    shutdown_grace_s: float = _setting(
        10.0, "seconds running instances get to end when the service stops", _at_least(0)
    )


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where tasks, instances and applications are kept."""

    path: str = _setting("fdl-trigger.db", "the SQLite file of the store", validate.Length(1, 4096))
    key_file: str = _setting("", "file with the key that encrypts secrets at rest; empty: <path>.key")
    key: str = _setting(
        "",
        "the key itself, base64 of 32 random bytes, in place of key_file; best by the environment",
        _key,
        shown=False,
    )
    backup_dir: str = _setting("", "directory for backups before an upgrade; empty: backups/ beside the store")

    @property
    def key_path(self) -> Path:
        """The key file in force."""
        return Path(self.key_file or f"{self.path}.key")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What runs the tasks."""

    slots: int = _setting(4, "instances that run at the same time", validate.Range(1, 1000))
    queue_limit: int = _setting(10_000, "instances that may wait; further triggers are refused", _at_least(1))
    stop_grace_s: float = _setting(
        5.0, "seconds a terminated run gets to notice before it loses its slot", _at_least(0)
    )
    time_zone: str = _setting(
        "", "zone of dates in tasks and answers, such as Asia/Shanghai; empty: the system's", _zone
    )


@dataclass(frozen=True, slots=True)
class FineDataLinkSettings:
    """The FineDataLink open-platform calls."""

    prefixes: tuple[str, ...] = _setting(
        ("/webroot/decision", "/decision"),
        "paths under which the calls are answered",
        validate.Length(1, 16),
        _each(r"(/[\w.~-]+)+", "is not a path such as /webroot/decision"),
    )
    business_http_status: bool = _setting(
        False, "answer business failures with an HTTP error status instead of 200 and an error code"
    )
    wait_max_s: float = _setting(60.0, "longest `wait` a trigger call may ask for, in seconds", validate.Range(0, 3600))
    list_limit: int = _setting(
        100, "records a list call answers with when it names no page size", validate.Range(1, 10_000)
    )


@dataclass(frozen=True, slots=True)
class RomaSettings:
    """The calls of ROMA Connect: scheduled API calls, and the schedules of its data integration."""

    time_zone: str = _setting("UTC", "zone in which cron expressions and intervals of ROMA tasks count", _zone)
    cron_seconds: bool = _setting(False, "accept cron expressions of ROMA tasks whose second is not 0")
    auth_token: str = _setting("", "accepted as X-Auth-Token; empty: signatures only", _long_token, shown=False)
    auth_application: str = _setting("", "name of the application that calls with auth_token are made as")


@dataclass(frozen=True, slots=True)
class EnosSettings:
    """The flow calls of EnOS Batch Data Processing."""

    auth: tuple[str, ...] = _setting(
        ("token", "ownkey"), "ways to prove a call: token, ownkey, opaque", _each("token|ownkey|opaque", "is not one")
    )
    users: tuple[str, ...] = _setting((), "users that own no flow yet, as userId@orgId", _each(".+@.+", "is not one"))
    min_trigger_interval_s: float = _setting(0.0, "least seconds between two triggers of one flow", _at_least(0))
    opaque_application: str = _setting("", "client id of the application that opaque calls are made as")
    opaque_addresses: tuple[str, ...] = _setting((), "networks opaque calls may come from; none by default", _networks)


@dataclass(frozen=True, slots=True)
class SchedulerXSettings:
    """The SchedulerX calls of Alibaba Cloud's SDKs."""

    prefixes: tuple[str, ...] = _setting(
        ("/", "/schedulerx"),
        "paths at which the calls are answered; / is where SDKs call that know host and port only",
        validate.Length(1, 16),
        _each(r"/|(/[\w.~-]+)+", "is not a path such as /schedulerx"),
    )
    security_token: str = _setting(
        "", "the token a call with temporary credentials (STS) must carry; empty: any is accepted", shown=False
    )


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Rates of calls; an empty text means no limit."""

    page_rate: str = _setting("60/minute", "calls of one page application from one address", _rate)
    application_rate: str = _setting("", "calls of any other application that has no rate of its own", _rate)
    failed_logins: str = _setting("30/minute", "failed attempts of one client from one address", _rate)


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """Users who log in by name and password."""

    timeout_s: int = _setting(3600, "life of a login in seconds; one that is to be kept lives 14 days", _at_least(60))
    name_rate: str = _setting("10/5 minutes", "attempts on one name; a right password clears them", _rate)
    address_rate: str = _setting("30/minute", "attempts from one address", _rate)
    cross_domain: bool = _setting(
        True, "answer GET login/cross/domain, which carries the password in the query, as FineDataLink does"
    )


@dataclass(frozen=True, slots=True)
class OutgoingSettings:
    """Requests that tasks send to sources."""

    max_response_bytes: int = _setting(64 * 1024 * 1024, "longest response read into memory, in bytes", _at_least(1024))
    request_timeout_s: float = _setting(10.0, "time for one request, in seconds", validate.Range(0.1, 3600))
    max_redirects: int = _setting(5, "redirects followed by a GET request", validate.Range(0, 20))
    private_networks: bool = _setting(True, "requests may reach addresses of private networks (intranet)")
    loopback: bool = _setting(
        False, "requests may reach this machine itself; otherwise only by connections with allowLoopback"
    )


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Node types that run programs: whoever may edit tasks then runs them as the service's user."""

    enabled: tuple[str, ...] = _setting(
        (), 'node types switched on besides the harmless ones: "SHELL", "PYTHON"', _each("SHELL|PYTHON", "is not one")
    )
    python: str = _setting("", "interpreter that runs PYTHON nodes and watches over programs; empty: the service's own")


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """How long finished instances are kept."""

    keep_days: int = _setting(90, "days a finished instance is kept", _at_least(1))
    keep_count: int = _setting(10_000, "finished instances kept of each task", _at_least(1))


@dataclass(frozen=True, slots=True)
class DiagnosisSettings:
    """Why callers are refused, for administrators."""

    enabled: bool = _setting(
        False, "add to each refusal in the audit log what was to be signed and what came instead; never a secret"
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The service's own log, on standard error."""

    level: str = _setting(
        "INFO", "DEBUG, INFO, WARNING or ERROR", validate.OneOf(("DEBUG", "INFO", "WARNING", "ERROR"))
    )
    format: str = _setting(
        "console", "console (for people) or json (for machines)", validate.OneOf(("console", "json"))
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the service; `Settings()` holds the defaults."""

    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    engine: EngineSettings = EngineSettings()
    finedatalink: FineDataLinkSettings = FineDataLinkSettings()
    enos: EnosSettings = EnosSettings()
    roma: RomaSettings = RomaSettings()
    schedulerx: SchedulerXSettings = SchedulerXSettings()
    limits: LimitSettings = LimitSettings()
    login: LoginSettings = LoginSettings()
    outgoing: OutgoingSettings = OutgoingSettings()
    nodes: NodeSettings = NodeSettings()
    instances: InstanceSettings = InstanceSettings()
    diagnosis: DiagnosisSettings = DiagnosisSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str]) -> "Settings":
        """Read the file (if any), then the environment over it; raises ConfigError with every mistake."""
        return cls(**load_sections(get_type_hints(cls), path, environ))


def settings_fields() -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """Yield every setting as (section, dataclass field); the field's metadata holds its `help`."""
    for section, kind in get_type_hints(Settings).items():
        for item in dataclasses.fields(kind):
            yield section, item
