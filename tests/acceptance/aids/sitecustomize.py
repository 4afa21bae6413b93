"""Stands in for the names and the network of a server under test: names resolve as RESOLVER_NAMES says, and each
address that it would call is written to RESOLVER_TRIED and refused. Python imports this first where it is on the path.
"""

import ipaddress
import json
import os
import socket
from typing import Any

NAMES: dict[str, str] = json.loads(os.environ.get("RESOLVER_NAMES", "{}"))
_getaddrinfo, _connect = socket.getaddrinfo, socket.socket.connect


def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in NAMES:
        return _getaddrinfo(host, port, *more, **named)
    found = []
    for address in NAMES[name].split(","):
        six = ":" in address
        family = socket.AF_INET6 if six else socket.AF_INET
        where = (address, port, 0, 0) if six else (address, port)
        found.append((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where))
    return found


def connect(self: socket.socket, address: Any) -> Any:
    if self.family not in {socket.AF_INET, socket.AF_INET6}:
        return _connect(self, address)
    known = {one for value in NAMES.values() for one in value.split(",")}
    same = [one for one in known if ipaddress.ip_address(one) == ipaddress.ip_address(address[0].partition("%")[0])]
    if not same and ipaddress.ip_address(address[0].partition("%")[0]).is_loopback:
        return _connect(self, address)
    with open(os.environ["RESOLVER_TRIED"], "a", encoding="utf-8") as file:
        file.write(f"{(same or [address[0]])[0]}\n")
    raise ConnectionRefusedError("no call leaves this machine")


if NAMES:
    socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]
    socket.socket.connect = connect  # type: ignore[method-assign]
