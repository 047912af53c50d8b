"""`fdl-trigger notices`: what people were told, and how it went."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .entry import config_option, opened

if TYPE_CHECKING:
    from ..domain.notices import Delivery, Try

_ID = click.argument("number", metavar="ID", type=click.IntRange(1))


@click.group()
def notices() -> None:
    """Look at notices of ended runs; try a channel out (docs/notices.md)."""


@notices.command("list")
@config_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@click.option("--task", metavar="NAME", help="Only those of this task.")
def list_deliveries(config: Path | None, limit: int, task: str | None) -> None:
    """List deliveries, newest first: one line a notice and channel."""
    with opened(config) as runtime:
        found = runtime.notices.list(limit=limit, name=task)
    for line in _table(found):
        click.echo(line)


@notices.command()
@config_option
@_ID
def show(config: Path | None, number: int) -> None:
    """Show one delivery and each of its tries."""
    with opened(config) as runtime:
        delivery = runtime.notices.get(number)
        tries = runtime.notices.tries(number)
    for line in _whole(delivery, tries):
        click.echo(line)


@notices.command()
@config_option
@click.argument("channel")
def test(config: Path | None, channel: str) -> None:
    """Send a message over CHANNEL (a connection) now."""
    from ..nodes.errors import NodeError

    with opened(config) as runtime:
        try:
            receipt = runtime.notices.test(channel)
        except NodeError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{channel} took the message (it answered {receipt.status})")


@notices.command()
@config_option
@_ID
def retry(config: Path | None, number: int) -> None:
    """Send a delivery again; the service does it, with all its tries before it."""
    with opened(config) as runtime:
        delivery = runtime.notices.retry(number)
    click.echo(f"delivery {delivery.id} over {delivery.channel}: {delivery.status}")


def _table(deliveries: Iterable["Delivery"]) -> Iterator[str]:
    from .rendering import moment, table

    rows = (
        (one.id, moment(one.at), one.task_name, one.occasion, one.channel, one.status, one.tries, _error(one.last))
        for one in deliveries
    )
    return table(("ID", "TIME", "TASK", "OCCASION", "CHANNEL", "STATUS", "TRIES", "LAST ERROR"), rows)


def _error(last: "Try | None") -> str:
    return (last.error if last else None) or "-"


def _whole(delivery: "Delivery", tries: Iterable["Try"]) -> Iterator[str]:
    from .rendering import moment

    yield f"delivery  {delivery.id}, {delivery.status}"
    yield f"message   {delivery.notice_uid}"
    yield f"channel   {delivery.channel}"
    yield f"task      {delivery.task_name}, {delivery.occasion} at {moment(delivery.at)}"
    yield f"instance  {delivery.instance_uid}"
    if delivery.status == "PENDING":
        yield f"next try  {moment(delivery.due_at)}"
    for one in tries:
        answer = "" if one.status is None else f", answer {one.status}"
        yield f"try       {moment(one.at)}, {one.ms} ms{answer}: {one.error or 'taken'}"
