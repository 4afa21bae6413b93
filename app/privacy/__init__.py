"""Privacy and intended use in plain words, as data: /v1/privacy, and a chapter of the documentation."""
