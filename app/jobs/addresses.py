"""Which network addresses a webhook may be sent to.

The operator names the hosts, so they may lie inside the operator's network. Never called are this machine (unless the
operator named it), addresses of the link and of cloud metadata, and whatever is not the address of one machine. An IPv4
address inside an IPv6 one is judged as the IPv4 address that it leads to.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

PRIVATE = [
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "192.0.2.0/24",  # documentation and benchmarks: closed networks use them too
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
]
"""Called where the operator named the host, but not through a translator or a tunnel."""
SHUT = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this host on this network
        "100.64.0.0/10",  # between a provider and its customers; 100.100.100.200 is metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # metadata
        "169.254.0.0/16",  # the link; 169.254.169.254 is metadata
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is metadata
        "192.88.99.0/24",  # relays of 6to4
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments, Teredo among them
        "fd00:c1::/32",  # metadata, as all that follow
        "fd00:ec2::/32",
        "fd00:42::/32",
        "fd20:ce::/32",
    )
]
NAT64 = ip_network("64:ff9b::/96")
OPEN_V6 = [ip_network("2000::/3"), ip_network("fc00::/7"), NAT64]
"""What lies outside is not the address of one machine beyond the link."""


def may_be_called(address: str, loopback: bool) -> bool:
    """Whether an address that a host's name leads to may be called; `loopback` says that the host is this machine."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    return found.is_loopback if loopback else _open(found)


def _open(address: IPv4Address | IPv6Address) -> bool:
    if any(address in network for network in SHUT):
        return False
    if isinstance(address, IPv4Address):
        return True
    return any(address in network for network in OPEN_V6) and all(map(_public, _embedded(address)))


def _public(address: IPv4Address) -> bool:
    return _open(address) and not any(address in network for network in PRIVATE)


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that a translator or a tunnel would make of it (RFC 6052, RFC 3056, RFC 5214)."""
    number, found = int(address), []
    isatap = (number >> 32) & 0xFCFFFFFF == 0x5EFE
    if address in NAT64 or isatap:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    if address.sixtofour:
        found.append(address.sixtofour)
    return found
