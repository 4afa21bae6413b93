"""What the operator can mend."""


class Failure(Exception):
    """A command, or a start, cannot do what it should; the message says why and what to do. It ends with status 2."""
