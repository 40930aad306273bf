"""What is on offer where, and whether families can reach it. Public facts alone.

What it hides: how sessions are sorted into cells (district, age band, part of the week), and how
reach is counted over postcodes. It never sees a sensitive series, nor the database.
"""
