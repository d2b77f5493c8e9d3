"""Addresses of other servers: how near they are, and how much of them may be shown."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

_SUFFIXES_HERE = (".localhost",)
_SUFFIXES_NEAR = (".local", ".lan", ".home", ".internal", ".home.arpa")
_HIDDEN = "…"
# Not where an `@` follows before the next address: a password may have a comma.
_BETWEEN_ADDRESSES = re.compile(r"[\s,]+(?!(?:(?!://).)*@)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The user and the password in an address, as they were meant."""

    user: str
    password: str


def masked(address: str) -> str:
    """The address without its user, password and query, be it well-formed or not."""
    head, at, rest = address.rpartition("@")
    scheme = head.partition("//")[0] + "//" if "//" in head else ""
    shown, _, query = (scheme + _HIDDEN + at + rest if at else address).partition("?")
    return f"{shown}?{_HIDDEN}" if query else shown


def addresses_in(text: str) -> list[str]:
    """The addresses of a list that has commas or spaces between them; the first of each where one
    stands there twice, whatever its user."""
    by_target: dict[str, str] = {}
    for entry in filter(None, _BETWEEN_ADDRESSES.split(text)):
        by_target.setdefault(_target(entry), entry)
    return list(by_target.values())


def _target(address: str) -> str:
    return without_credentials(address).rstrip("/").lower()


def without_credentials(address: str) -> str:
    """The same address without user and password, to send requests to; other text stays as it
    is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def credentials_in(address: str) -> Credentials | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if not parts.username and not parts.password:
        return None
    return Credentials(unquote(parts.username or ""), unquote(parts.password or ""))


def host_of(address: str) -> str:
    """The name or number of the machine in an address, in lower case; empty if there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_here(host: str) -> bool:
    """True when a name or number is this machine's own."""
    bare = _bare(host)
    try:
        number = ipaddress.ip_address(bare)
    except ValueError:
        return bare == "localhost" or bare.endswith(_SUFFIXES_HERE)
    return number.is_loopback or number.is_unspecified


def is_near(host: str) -> bool:
    """True when a name or number is this machine's or its network's; no name is looked up."""
    bare = _bare(host)
    try:
        return ipaddress.ip_address(bare).is_private or is_here(bare)
    except ValueError:
        return is_here(bare) or "." not in bare or bare.endswith(_SUFFIXES_NEAR)


def far_host_of(address: str) -> str:
    """The name or number of a machine outside this one's network; empty for a near one."""
    host = host_of(address)
    return "" if is_near(host) else host


def is_web_address(address: str) -> bool:
    """True for http or https with a host. An `@` after that is a password's, cut by a slash."""
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0 and "@" not in parts.path
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and is_whole


def _bare(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
