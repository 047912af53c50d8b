"""The command line. Command modules import only click at the top, so that `--help` answers at once."""

import click

from .audit import audit
from .backups import backup
from .checks import check
from .entry import Root
from .instances import instances
from .keys import apps
from .notices import notices
from .params import params
from .reruns import backfills
from .schedules import schedules
from .serving import demo, serve
from .tasks import tasks
from .users import users

__all__ = ["main"]


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="fdl-trigger", prog_name="fdl-trigger")
def main() -> None:
    """Run tasks when FineDataLink open-platform calls ask for them.

    \b
    First steps:
      fdl-trigger demo                              see it work
      fdl-trigger tasks apply orders.toml --publish   put a task into the store
      fdl-trigger apps create reports --task orders   let a caller run it
      fdl-trigger serve                             answer the calls
    """


for command in (
    serve,
    demo,
    check,
    tasks,
    apps,
    users,
    instances,
    backfills,
    params,
    schedules,
    notices,
    audit,
    backup,
):
    main.add_command(command)
