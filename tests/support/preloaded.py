"""Loaded by the process from which the processes of tests are forked, before any of them.

They find imported and compiled what all of them need: the portal, its templates, its tables, the
bank holidays, and the libraries that a command imports only when it comes to need them.
"""

import os
from datetime import date
from pathlib import Path

import phonenumbers
from PIL import Image

import portal.server.connections  # noqa: F401
import tests.support.forked
import tests.support.race
import tests.support.sender  # noqa: F401
from portal.content.cache import FileCache
from portal.content.school_calendar import recall_bank_holidays
from tests.support import databases, made_once
from tests.support.routing import remember_rules

databases.make_tables_ready()
remember_rules()
recall_bank_holidays(FileCache(), date.today())
phonenumbers.parse("01772 532536", "GB")
Image.init()
made_once.use(Path(os.environ[made_once.FOLDER]))
if "PYTEST_XDIST_WORKER" in os.environ:  # many processes will be forked
    made_once.compile_templates()
