"""Offline training of the artefact; needs the extra `train`. Nobody imports it."""
