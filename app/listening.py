"""Whether `serve` can listen as it should, found out before anything else is done."""

import socket
import ssl
from pathlib import Path

from app.failures import Failure


def check_address(host: str, port: int) -> None:
    """Raises Failure where nothing can listen there: in use, not allowed, or no address of this machine."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise Failure(f"LOM_HOST: {host} is no address to listen on: {reason}") from None
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
                probe.listen(1)
            except PermissionError:
                raise Failure(f"LOM_PORT: this user may not listen on port {port}; take one from 1024 on") from None
            except OSError as error:
                raise Failure(_told(host, port, error)) from None


def _told(host: str, port: int, error: OSError) -> str:
    if port and "in use" in str(error.strerror):
        return f"LOM_PORT: port {port} of {host} is in use; end what listens there, or take another port"
    return f"LOM_HOST: {host} is no address to listen on: {error.strerror}"


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Raises Failure where a certificate and a key cannot be used together."""
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise Failure("LOM_TLS_CERTIFICATE and LOM_TLS_KEY go together: set both or none")
    asked: list[bool] = []

    def password() -> str:
        asked.append(True)
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        if asked:
            raise Failure(
                f"LOM_TLS_KEY: {key} is encrypted; write it without a passphrase: openssl pkey -in {key} -out plain.key"
            ) from None
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise Failure(f"LOM_TLS_KEY: {key} is not the key of the certificate {certificate}") from None
        raise Failure(
            f"LOM_TLS_CERTIFICATE, LOM_TLS_KEY: {certificate} and {key} are not a certificate and its key in PEM"
        ) from None
