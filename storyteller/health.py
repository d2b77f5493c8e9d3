"""`GET /healthz`: whether the app serves and its database answers, for whoever watches it."""

from django.db import connection
from django.http import HttpRequest, JsonResponse

from stories.infra.db import DATABASE_AWAY, in_database


async def healthz(_request: HttpRequest) -> JsonResponse:
    """200 or 503, and nothing about the why: anybody may ask."""
    try:
        await in_database(_ask)
    except DATABASE_AWAY:
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})


def _ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
