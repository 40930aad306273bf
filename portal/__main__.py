"""`python -m portal`: the same commands as `portal`."""

from portal.commands import main

main(prog_name="portal")
