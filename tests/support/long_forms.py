"""Whether the long forms of tests run: more cases of the same rule (PORTAL_TESTS_LONG=1)."""

import os

LONG = os.environ.get("PORTAL_TESTS_LONG") == "1"
