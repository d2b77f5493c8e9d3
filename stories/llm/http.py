"""How hosts are spoken to over HTTP."""

import functools
import ssl
from typing import Any

import httpx
from django.conf import settings

_CONNECT_SECONDS = 5.0


def limits() -> Any:
    """No bound, since the runner has one: httpx would make the 101st generation wait in silence.

    No connection is kept for later either: it may be gone by then, or be another event loop's.
    """
    return httpx.Limits(max_connections=None, max_keepalive_connections=0)


def timeout() -> Any:
    return httpx.Timeout(settings.MODEL_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS)


@functools.cache
def tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()
