"""Kept assessments: stored on request, listed, corrected, drawn, erased; with an audit that holds no text."""
