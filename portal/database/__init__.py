"""Tables, transactions and the audit log, on SQLite and PostgreSQL.

Nothing outside this package opens a connection. `tables` declares the tables and the one way to
write; `prepared` renders SQL once; `audit` names what the log may say; `rate_limits` counts tries;
`backup` copies a database; `migrations` change its tables from one version to the next.
"""
