"""An invented year of bookings, registers, cases and gaps, for demonstrations.

It is written into an empty database only, and the database says ever after that it is invented.
What it hides: which runs of groups there were in the past (`runs`), how full they were and who came
(`groups`), what was asked for without a group (`requests`), and that all of it is one transaction
(`filling`).
"""

from portal.sample_year.filling import Filled, NotEmpty, fill, is_sample

__all__ = ["Filled", "NotEmpty", "fill", "is_sample"]
