"""`python -m fdl_trigger.cli`."""

from . import main

main(prog_name="fdl-trigger")
