"""The explorer: one page at / that judges, compares and looks things up through the public API."""
