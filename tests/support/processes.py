"""Processes of their own for races and kills, without the seconds that a new Python imports.

All of them are forked from one server process, which has imported the portal and runs no thread.
"""

import multiprocessing

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.support.race", "tests.support.sender"])
