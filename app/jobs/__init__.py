"""Bulk work: up to a million texts in one job, scored in chunks, erased as they are scored."""
