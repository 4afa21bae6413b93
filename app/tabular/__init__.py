"""Tables of text as spreadsheets and survey tools write them, read as a stream: the one reader of jobs, imports and
the command line. `tests/awkward/` holds what it is tried on."""
