"""Whether tests take their long forms: more tries, more connections, more time."""

import os

LONG = os.environ.get("PORTAL_TESTS_LONG") == "1"
