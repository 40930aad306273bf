"""`python -m portal`: the same commands as `portal`."""

from portal.cli import main

main(prog_name="portal")
