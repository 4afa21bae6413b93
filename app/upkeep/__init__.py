"""Looking after an installation: where its parts are, copies of its database, and bringing a copy back."""
