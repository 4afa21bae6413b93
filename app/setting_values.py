"""What the values of settings mean: lists, names, addresses, files, databases. Each raises ValueError with what is
allowed; none repeats a value that could hold a password."""

import json
import os
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_PLACE = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#@\s]+)/?", re.IGNORECASE)
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
USUAL_PORTS = {"http": 80, "https": 443}


def plain(value: Any) -> Any:
    """A value without blanks around it, and without the quotes that some tools leave there."""
    if not isinstance(value, str):
        return value
    bare = value.strip()
    quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'" and bare[0] not in bare[1:-1]
    return bare[1:-1].strip() if quoted else bare


def listed(value: Any) -> Any:
    """The entries of a list: with commas or blanks between, or as JSON; each once."""
    if not isinstance(value, str):
        return value
    bare = value.strip()
    if re.match(r"\[\s*[\"'\]]", bare):
        try:
            entries = json.loads(bare)
        except (ValueError, RecursionError):
            raise ValueError("this is not a JSON list; write the entries with commas between") from None
    else:
        entries = [plain(entry) for entry in re.split(r"[,\s]+", str(plain(bare)))]
    if not all(isinstance(entry, str) for entry in entries):
        raise ValueError("a JSON list holds texts in double quotes")
    return tuple(dict.fromkeys(entry.strip() for entry in entries if entry.strip()))


def host(value: str) -> str:
    """An address or a name, in small letters, without port; an IPv6 address without brackets."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    try:
        return str(ip_address(bare))
    except ValueError:
        pass
    try:
        name = value.lower() if value.isascii() else value.encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise ValueError("this is not a host: an address or a name, without scheme, port and path")
    return name


def host_header(value: str) -> str:
    """A host as the header Host has it: an IPv6 address in brackets."""
    found = host(value)
    return f"[{found}]" if ":" in found else found


def place(value: str) -> str:
    """HOST or HOST:PORT."""
    match = _PLACE.fullmatch(value)
    if match is None or match[2] is None:
        return host(value)
    if not 0 < int(match[2]) < 65536:
        raise ValueError("a port is a number from 1 to 65535")
    return f"{host_header(match[1])}:{int(match[2])}"


def origin(value: str) -> str:
    """A web origin as browsers send it, or * for all."""
    if value == "*":
        return value
    match = _ORIGIN.fullmatch(value)
    if match is None:
        raise ValueError("this is not a web origin: scheme and host, and a port where it is not the usual one; no path")
    scheme, where = match[1].lower(), place(match[2])
    name, _, port = where.rpartition(":") if _PLACE.fullmatch(where) else ("", "", "")
    if not name:
        return f"{scheme}://{host_header(where)}"
    return f"{scheme}://{name}" if int(port) == USUAL_PORTS.get(scheme) else f"{scheme}://{name}:{port}"


def network(value: str) -> str:
    """An address or a network, or * for everybody."""
    if value == "*":
        return value
    try:
        return str(ip_network(value, strict=False)) if "/" in value else str(ip_address(value.strip("[]")))
    except ValueError:
        raise ValueError("this is neither an address nor a network, such as 172.18.0.0/16") from None


def root_path(value: str) -> str:
    """A path without a slash at its end; none is empty."""
    if not value.strip("/"):
        return ""
    segments = value.rstrip("/").split("/")
    if segments[0] or not all(_SEGMENT.fullmatch(part) and part.strip(".") for part in segments[1:]):
        raise ValueError("this is not a path: a slash, then letters, digits and . _ ~ - between slashes")
    return "/".join(segments)


def file(value: Any) -> Any:
    """A file that can be read. A value that is no path may be the key itself, so it is not repeated."""
    if value is None:
        return None
    if isinstance(value, str) and ("://" in value or not value.isprintable()):
        raise ValueError("this is not the path of a file")
    try:
        path = Path(value).expanduser()
        found = path.is_file()
        if found:
            path.open("rb").close()
    except OSError as error:
        raise ValueError(f"{value} cannot be read: {error.strerror}") from None
    except (RuntimeError, TypeError):
        raise ValueError("this is not the path of a file") from None
    if not found:
        raise ValueError(f"there is no file {value}")
    return path


def database(value: str) -> str:
    """The URL of a database: SQLite with an absolute path, or PostgreSQL."""
    if not value.isprintable():
        raise ValueError("it holds signs that cannot be printed")
    if value.startswith("postgres://"):
        value = value.replace("postgres", "postgresql", 1)
    scheme = value.partition("://")[0]
    if scheme not in {"sqlite", "postgresql", "postgresql+psycopg"} or "://" not in value:
        raise ValueError("it begins with neither sqlite:/// nor postgresql://")
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(
            "this is not a URL; in user and password write @ as %40, : as %3A, / as %2F, and a port as a number"
        ) from None
    return value if scheme != "sqlite" else _sqlite(url.host, url.database, bool(url.query))


def _sqlite(host: str | None, name: str | None, options: bool) -> str:
    if host:
        raise ValueError("sqlite: is followed by three slashes and a path, by four where the path is absolute")
    if not name or name == ":memory:":
        raise ValueError("SQLite needs a file: several connections work on it")
    if options or name.startswith("file:"):
        raise ValueError("SQLite takes a path and no options")
    try:
        path = Path(os.path.abspath(Path(name).expanduser()))
        folder = path.is_dir()
    except (OSError, RuntimeError):
        raise ValueError("this path cannot be used") from None
    if folder:
        raise ValueError(f"{path} is a folder; name a file in it")
    return f"sqlite:///{path}"
