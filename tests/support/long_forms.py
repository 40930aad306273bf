"""Whether tests that try their luck in many rounds take the long form (`make assurance`).

The ordinary run takes fewer rounds, enough to fail where the rule is broken.
"""

import os

LONG = os.environ.get("PORTAL_TESTS_LONG") == "1"
