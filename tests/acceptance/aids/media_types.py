"""Loaded by Schemathesis: how the texts of a job go on the wire. No operation and no check is left out."""

import schemathesis


@schemathesis.serializer("application/x-ndjson", "text/csv")
def lines(_: schemathesis.SerializationContext, value: object) -> bytes:
    """The schema says that a body is a string."""
    return str(value).encode("utf-8", "surrogatepass")
