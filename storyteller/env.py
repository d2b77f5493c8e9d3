"""Typed access to environment variables; a bad value is named, with what is allowed.

A variable that was renamed is read under its old name too, with a warning, until the next release.
"""

import ipaddress
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class Renamed:
    """The earlier name of a variable, and its values where they have changed, too."""

    old: str
    values: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str, old_value: str) -> str:
        """The value that `name` would need in place of the old variable."""
        if not self.values:
            return old_value
        try:
            return self.values[old_value.strip().lower()]
        except KeyError:
            raise ImproperlyConfigured(
                f"{self.old}={old_value!r}: this is {name} now; allowed are "
                f"{', '.join(self.values.values())}"
            ) from None


# By the new name.
RENAMED = {
    "STORYTELLER_SHOW": Renamed("STORYTELLER_RELEASE", {"sentence": "sentences", "token": "words"}),
}

_BOOLS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


def text(name: str, default: str = "") -> str:
    return (_raw(name) or "").strip() or default


def boolean(name: str, default: bool = False) -> bool:
    value = _raw(name)
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


def pairs(name: str) -> dict[str, str]:
    """A comma-separated list of `key=value`; each key once."""
    found: dict[str, str] = {}
    for word in words(name):
        key, sign, value = (part.strip() for part in word.partition("="))
        if not (key and sign and value) or key in found:
            raise ImproperlyConfigured(
                f"{name}: allowed is KEY=VALUE, with commas between them and each key once; "
                f"{word!r} is not"
            )
        found[key] = value
    return found


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


def _raw(name: str) -> str | None:
    """The variable as it is set, be it under its old name."""
    value = os.environ.get(name)
    renamed = RENAMED.get(name)
    if renamed is None or not (old_value := os.environ.get(renamed.old, "").strip()):
        return value
    meant = renamed.value(name, old_value)
    if value and value.strip().lower() != meant.lower():
        raise ImproperlyConfigured(
            f"{name}={value!r} and {renamed.old}={old_value!r} differ: "
            f"remove {renamed.old}, it is the old name"
        )
    warnings.warn(
        f"{renamed.old} was renamed, and is read in this release only: set {name}={meant}",
        FutureWarning,
        stacklevel=2,
    )
    return meant


def _number(
    name: str, default: float, low: float, high: float, kind: type[int] | type[float]
) -> float:
    raw = text(name)
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
