"""Tables, transactions and the audit log, on SQLite and PostgreSQL.

`connect` makes an engine, `migrate` brings its tables up to date; `read`, `look` and `write` open a
transaction. `note` writes a line of the audit log inside it, `note_reading` one with the families
that were shown, and `log_reading` opens a transaction for that. Beside them: `tables` declares the
tables, `prepared` renders SQL once, `pipeline` sends it to PostgreSQL, `references` makes links and
hashes, `rate_limits` counts tries, `backup` copies a database.
"""

from portal.database.audit import log_reading, note, note_reading
from portal.database.engine import (
    can_write,
    connect,
    held_by_others,
    insert_if_new,
    insert_new_rows,
    insert_once,
    look,
    migrate,
    read,
    sqlite_file,
    upgrade,
    vacuum,
    write,
)

__all__ = [
    "can_write",
    "connect",
    "held_by_others",
    "insert_if_new",
    "insert_new_rows",
    "insert_once",
    "log_reading",
    "look",
    "migrate",
    "note",
    "note_reading",
    "read",
    "sqlite_file",
    "upgrade",
    "vacuum",
    "write",
]
