"""The task core's SQL: each statement once, as an expression, for both databases.

A write of one task exists in two compositions of the same parts. Alone, on PostgreSQL, it is one
statement of modifying CTEs, one round trip::

    lock the owner's row → write the task → raise the owner's revision → append the version

Within a transaction (SQLite always; batches and replays on both) the same steps are statements of
their own. Every part names the owner.
"""
