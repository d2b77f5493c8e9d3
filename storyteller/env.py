"""Typed access to environment variables; a bad value is named, with what is allowed."""

import ipaddress
import os

from django.core.exceptions import ImproperlyConfigured

_BOOLS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        return _BOOLS[value.strip().lower()]
    except KeyError:
        raise ImproperlyConfigured(
            f"{name}={value!r}: allowed are 1, true, yes, 0, false, no"
        ) from None


def integer(name: str, default: int, *, low: int, high: int) -> int:
    return int(_number(name, default, low, high, int))


def number(name: str, default: float, *, low: float, high: float) -> float:
    return _number(name, default, low, high, float)


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default).lower()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r}: allowed are {', '.join(allowed)}")
    return value


def address(name: str, default: str) -> str:
    """An IP address."""
    value = text(name, default)
    try:
        return str(ipaddress.ip_address(value.strip("[]")))
    except ValueError:
        raise ImproperlyConfigured(
            f"{name}={value!r}: allowed is an IP address, such as 127.0.0.1 or 0.0.0.0"
        ) from None


def _number(
    name: str, default: float, low: float, high: float, kind: type[int] | type[float]
) -> float:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    allowed = f"{name}={raw!r}: allowed is {kind.__name__} from {low} to {high}"
    try:
        value = kind(raw)
    except ValueError:
        raise ImproperlyConfigured(allowed) from None
    if not low <= value <= high:
        raise ImproperlyConfigured(allowed)
    return value
