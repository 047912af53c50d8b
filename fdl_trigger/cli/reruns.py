"""`fdl-trigger instances retry` and `fdl-trigger backfills`: run finished instances and ranges of dates again."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import rendering
from .entry import config_option, opened, which
from .instances import instances
from .running import param_option

if TYPE_CHECKING:
    from ..store.backfills import BackfillProgress

_DATE = click.DateTime(["%Y-%m-%d"])


@instances.command()
@config_option
@click.option("--failed", is_flag=True, help="Run only what did not succeed; earlier results are taken over.")
@click.option("--from", "from_node", metavar="NODE", help="Run from this node with everything downstream.")
@click.option("--only", "only_node", metavar="NODE", help="Run this node alone.")
@click.option("--up-to", "up_to_node", metavar="NODE", help="Run everything that leads to this node, and the node.")
@click.option("--service-date", type=click.DateTime(), help="The time that ${yyyy-mm-dd} and the like count from.")
@param_option
@click.argument("uid", metavar="INSTANCE")
def retry(
    config: Path | None,
    failed: bool,
    from_node: str | None,
    only_node: str | None,
    up_to_node: str | None,
    service_date: datetime | None,
    params: dict[str, str],
    uid: str,
) -> None:
    """Run a finished instance again, as a new one; the service that runs the store's tasks picks it up."""
    from ..domain.flow import WHOLE, Extent, Portion

    chosen = [
        Portion(extent, node)
        for extent, node in ((Extent.FROM, from_node), (Extent.ONLY, only_node), (Extent.UP_TO, up_to_node))
        if node
    ]
    if len(chosen) + failed > 1:
        raise click.UsageError("take one of --failed, --from, --only and --up-to")
    with opened(config) as runtime:
        again = runtime.reruns.retry(
            uid,
            portion=chosen[0] if chosen else WHOLE,
            failed_only=failed,
            params=params,
            service_date=None if service_date is None else round(service_date.timestamp() * 1000),
        )
    click.echo(f"instance {again.uid} retries {uid}")


@click.group()
def backfills() -> None:
    """Run a task once for every date of a range."""


@backfills.command()
@config_option
@click.option("--from", "first", type=_DATE, required=True, help="First date.")
@click.option("--to", "last", type=_DATE, required=True, help="Last date.")
@click.option("--parallel", type=click.IntRange(1, 1000), default=1, show_default=True, help="Runs at a time.")
@param_option
@click.argument("task")
def start(
    config: Path | None, first: datetime, last: datetime, parallel: int, params: dict[str, str], task: str
) -> None:
    """Put one instance a date into the queue, oldest first; TASK is a name or a workId."""
    with opened(config) as runtime:
        progress = runtime.reruns.backfill(first.date(), last.date(), params=params, parallel=parallel, **which(task))
    click.echo(f"backfill {progress.backfill.uid}: {progress.total} instances wait")


@backfills.command()
@config_option
@click.argument("uid", metavar="BACKFILL")
def show(config: Path | None, uid: str) -> None:
    """Show how far a backfill is."""
    with opened(config) as runtime:
        _echo(runtime.reruns.progress(uid))


@backfills.command()
@config_option
@click.argument("uid", metavar="BACKFILL")
def stop(config: Path | None, uid: str) -> None:
    """End what waits and stop what runs of a backfill."""
    with opened(config) as runtime:
        _echo(runtime.reruns.stop_backfill(uid))


def _echo(progress: "BackfillProgress") -> None:
    backfill = progress.backfill
    dates = f"{rendering.moment(backfill.first_date)[:10]} to {rendering.moment(backfill.last_date)[:10]}"
    states = ", ".join(f"{number} {state.lower()}" for state, number in sorted(progress.states.items()))
    click.echo(f"backfill {backfill.uid}: {dates}, {progress.finished} of {progress.total} ended ({states})")
