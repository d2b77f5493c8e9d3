"""Addresses of this machine on its network, and the host names that it answers to."""

import ipaddress
import socket

_LOCAL = ("localhost", "127.0.0.1", "[::1]")
# Nobody's addresses (RFC 5737, RFC 3849); to have a route there is enough.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def for_others(listens_at: str) -> str:
    """The address to type on another device, "" where no other device is let in or none is there.

    `listens_at` is an IP address.
    """
    address = ipaddress.ip_address(listens_at)
    if address.is_loopback:
        return ""
    if address.is_unspecified:
        return _outward(socket.AF_INET) or (_outward(socket.AF_INET6) if ":" in listens_at else "")
    return listens_at


def host_names(reached_at: str) -> list[str]:
    """Host names that a browser may use for this machine; `reached_at` as `for_others` gives it."""
    if not reached_at:
        return list(_LOCAL)
    name = socket.gethostname().partition(".")[0].lower()
    return [*_LOCAL, f"[{reached_at}]" if ":" in reached_at else reached_at, f"{name}.local"]


def _outward(family: socket.AddressFamily) -> str:
    """This machine's address on the way to others. A datagram socket sends nothing to connect."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_ELSEWHERE[family], 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
