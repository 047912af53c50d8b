"""`fdl-trigger demo`: a source, a published task, a report page, on one machine with nothing set up."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import click

from .. import logs
from ..config import LimitSettings, LogSettings, ServerSettings, Settings, StoreSettings
from ..runtime import Runtime
from ..server import CannotListen, Server, stopped_by_signals
from ..store.locks import FileLock
from ..web import create_app
from .credentials import Credentials, read_base
from .pages import Report, create_pages, redirect_to_report
from .rows import Earthquakes
from .seeds import Installation, seed, source_token
from .source import read_feed, serve_source, source_url

DEFAULT_PORT = 8068
DEFAULT_DIRECTORY = Path(".demo")
PAGE_DELAY_S = 0.12  # slow enough to see the progress, fast enough not to wait for it
PATH = "/webroot/decision"


class CannotStart(Exception):
    """The demo cannot start here; the message says why and what to do."""


def run_demo(
    port: int = DEFAULT_PORT,
    directory: Path = DEFAULT_DIRECTORY,
    *,
    page_delay_s: float = PAGE_DELAY_S,
    say: Callable[[str], None] = click.echo,
) -> int:
    """Run the demo until SIGINT or SIGTERM and return the exit code; must be called in the main thread.

    Everything it keeps is in `directory`, which a later start continues. Each page of its source takes `page_delay_s`
    seconds. Port 0 takes a free one. A second start in the same directory, or on a port in use, says so and returns 1.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(directory / "running.lock")
    try:
        if not lock.acquire(wait=False):
            raise CannotStart(_already_running(directory))
        try:
            settings = demo_settings(_claim(port), directory)
            _serve(settings, directory, page_delay_s, say)
        finally:
            lock.release()
    except (CannotStart, CannotListen) as error:
        click.echo(str(error), err=True)
        return 1
    return 0


def demo_settings(port: int, directory: Path) -> Settings:
    """Return the settings of a demo: its own store, and room for a page that asks for the progress often."""
    return Settings(
        server=ServerSettings(port=port),
        store=StoreSettings(path=str(directory / "store.db")),
        limits=LimitSettings(page_rate="600/minute"),
        log=LogSettings(level="WARNING"),
    )


def page_origins(port: int) -> tuple[str, str]:
    """Return the origins the report page is opened from."""
    return f"http://127.0.0.1:{port}", f"http://localhost:{port}"


def _serve(settings: Settings, directory: Path, page_delay_s: float, say: Callable[[str], None]) -> None:
    logs.configure(settings.log.level, settings.log.format)
    port, database = settings.server.port, directory / "demo.db"
    with Runtime(settings) as runtime:
        token = source_token(runtime)
        # The next port keeps the source's address, and with it the task's version, the same at every start.
        with serve_source(token, port=_next(port), delay_s=page_delay_s) as source:
            origins = page_origins(port)
            found = seed(runtime, database=database, source=source_url(source), token=token, origins=origins)
            server = _http_server(runtime, found, database)
            credentials = _credentials(found, server.url)
            credentials.write(directory / "credentials.env")
            with stopped_by_signals(server.stop):
                say(_welcome(credentials, server.url, directory))
                server.run()
    say("The demo has stopped.")


def _http_server(runtime: Runtime, found: Installation, database: Path) -> Server:
    app = create_app(runtime)
    report = Report(found.page.client_id, found.task.uid, found.task.name, len(read_feed()["features"]), PATH)
    app.register_blueprint(create_pages(report, Earthquakes(database)))
    app.add_url_rule("/", "demo-front", redirect_to_report)
    return Server(app, runtime.settings.server)


def _credentials(found: Installation, url: str) -> Credentials:
    caller = found.caller
    return Credentials(url + PATH, caller.client_id, caller.secret or "", found.task.uid, found.task.name)


def _claim(port: int) -> int:
    """Return the port, or a free one for 0: the page's origins must be known before the server listens."""
    with socket.socket() as probe:
        if os.name == "posix":  # elsewhere the option would let two servers share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} cannot be used ({error.strerror}). If that is a demo of yours, it is at "
                f"http://127.0.0.1:{port}/demo/. Otherwise choose another port, such as: make demo PORT={port ^ 2}"
            ) from None
        return int(probe.getsockname()[1])


def _next(port: int) -> int:
    return port + 1 if port < 65_535 else 0


def _already_running(directory: Path) -> str:
    base = read_base(directory / "credentials.env")
    where = f" at {base.removesuffix(PATH)}/demo/" if base else ""
    return f"The demo in {directory} is already running{where}. Stop it with Ctrl-C in its terminal before a new start."


def _welcome(credentials: Credentials, url: str, directory: Path) -> str:
    return f"""
The demo is running; Ctrl-C stops it.

  report page   {url}/demo/
  open platform {credentials.base}
  client_id     {credentials.client_id}
  secret        {credentials.secret}
  task          {credentials.work_name} ({credentials.work_id})
  for shells    {directory / "credentials.env"}

Run the task:
{credentials.trigger_line()}

See how the latest run goes:
{credentials.status_line()}

Terminate it while it runs:
{credentials.terminate_line()}
"""
