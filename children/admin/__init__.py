"""Staff pages for families: children, accounts and tokens."""

from . import families

__all__ = ["families"]
