"""The acceptance run: the service under fire, from outside, id by id.

    .venv/bin/python -m tests.acceptance                        everything, about 15 minutes on two quiet cores
    .venv/bin/python -m tests.acceptance --list                 the ids and what each does
    .venv/bin/python -m tests.acceptance --only U1,U4           these ids
    .venv/bin/python -m tests.acceptance --database sqlite      on one database only
    .venv/bin/python -m tests.acceptance --minutes 5            starts no row after five minutes
    .venv/bin/python -m tests.acceptance --long                 more of everything, up to an hour and a half

Each row starts real servers on loopback, on SQLite and where it matters on PostgreSQL, and has a longest time. The
ids are those of the page that says how a service like this breaks. The table comes at the end, and each row as it
ends; a row that falls short names the request that shows it. The exit status is 0 where all rows hold, 1 where one
falls short, 2 where the time did not suffice for all of them.

Times are compared with the same machine's in the same run; memory is read in /proc, so it runs on Linux. Schemathesis
is called where `schemathesis` is on the PATH or SCHEMATHESIS names it; the upgrade rows need the history of git.
"""
