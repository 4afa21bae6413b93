"""Tests of behaviour through the public surface, with real parts."""
