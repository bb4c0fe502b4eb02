"""The ledger's SQL: each statement once, as an expression, for both databases and for any kind.

A write of one record exists in two compositions of the same parts. Alone, on PostgreSQL, it is one
statement of modifying CTEs, one round trip::

    lock the space's row → write the record → raise its revision → append the version

Within a transaction (SQLite always; batches and replays on both) the same steps are statements of
their own. Every part names the owner.
"""
