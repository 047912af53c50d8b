"""`fdl-trigger audit`: who did what, and whether the log of it was touched."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .entry import config_option, opened

if TYPE_CHECKING:
    from ..domain.audit import AuditRecord


@click.group()
def audit() -> None:
    """Read and verify the audit log: every change, trigger, login and refusal."""


@audit.command("list")
@config_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--before", type=click.IntRange(1), metavar="NUMBER", help="Only entries numbered below.")
@click.option("--actor", metavar="NAME", help="Only what this caller did.")
def list_entries(config: Path | None, limit: int, before: int | None, actor: str | None) -> None:
    """List entries, newest first."""
    with opened(config) as runtime:
        records = runtime.audit.list(limit=limit, before=before, actor=actor)
    for line in _table(records):
        click.echo(line)


@audit.command()
@config_option
@click.option("--noted", metavar="HASH", help="A head written down earlier, which the chain must still hold.")
def verify(config: Path | None, noted: str | None) -> None:
    """Walk the whole chain; prints its length and its head, or the first broken entry (exit code 1)."""
    with opened(config) as runtime:
        found = runtime.audit.verify()
        is_known = noted is None or runtime.audit.knows(noted)
    if found.broken is not None:
        raise click.ClickException(f"entry {found.broken} breaks the chain; the {found.rows} before it are sound")
    if not is_known:
        raise click.ClickException(f"no entry has the hash {noted}: the end of the log was cut off or rewritten")
    click.echo(f"entries: {found.rows}")
    click.echo(f"head: {found.head}")


@audit.command()
@config_option
def head(config: Path | None) -> None:
    """Print the number and the hash of the newest entry; keep them elsewhere to notice a log cut short."""
    with opened(config) as runtime:
        found = runtime.audit.head()
    click.echo(f"{found.id} {found.hash}")


@audit.command()
@config_option
@click.argument("request_id")
def why(config: Path | None, request_id: str) -> None:
    """Show what one request did and why it was refused; REQUEST_ID is its X-Request-Id."""
    with opened(config) as runtime:
        records = runtime.audit.of_request(request_id)
    if not records:
        raise click.ClickException(f"no entry belongs to the request '{request_id}'")
    for record in records:
        for line in _whole(record):
            click.echo(line)


def _table(records: Iterable["AuditRecord"]) -> Iterator[str]:
    from .rendering import moment, table

    rows = (
        (
            *(
                record.id,
                moment(record.at),
                *map(_shown, (record.entry.actor, record.entry.action, record.entry.target)),
            ),
            *(record.entry.outcome, *(_shown(text) or "-" for text in (record.entry.reason, record.entry.address))),
        )
        for record in records
    )
    return table(("NUMBER", "TIME", "WHO", "WHAT", "TARGET", "OUTCOME", "REASON", "FROM"), rows)


def _whole(record: "AuditRecord") -> Iterator[str]:
    from .rendering import moment

    entry = record.entry
    yield f"entry    {record.id}, {moment(record.at)}"
    yield f"who      {_shown(entry.actor)} from {_shown(entry.address) or 'this machine'}"
    yield f"what     {_shown(entry.action)} {_shown(entry.target)}"
    yield f"outcome  {entry.outcome}" + (f": {_shown(entry.reason)}" if entry.reason else "")
    for name, value in _flat(entry.details):
        yield f"  {name}: {_shown(str(value))}"


def _flat(details: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in details.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", one) for inner, one in _flat(value))
        else:
            yield name, value


def _shown(text: str) -> str:
    """Return a text fit for a terminal: what a stranger sent may hold control characters."""
    return text if text.isprintable() else ascii(text)
