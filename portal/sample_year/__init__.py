"""An invented year of bookings, registers, cases and gaps, for demonstrations.

It is written into an empty database only, and the database says ever after that it is invented.
"""
