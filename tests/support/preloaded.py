"""Loaded by the process from which the processes of tests are forked, before any of them.

They find imported and compiled what all of them need: the portal, its templates, its tables.
"""

import os
from pathlib import Path

import tests.support.forked
import tests.support.race
import tests.support.sender  # noqa: F401
from tests.support import databases, made_once
from tests.support.routing import remember_rules

databases.make_tables_ready()
remember_rules()
made_once.use(Path(os.environ[made_once.FOLDER]))
if "PYTEST_XDIST_WORKER" in os.environ:  # many processes will be forked
    made_once.compile_templates()
