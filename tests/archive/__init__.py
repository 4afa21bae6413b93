"""Kept assessments, through the service itself."""
