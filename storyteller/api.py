"""The API under `/api/v1`, with its documentation at `/api/v1/docs`."""

from ninja import NinjaAPI

from stories.api import (
    errors,
    families,
    friends,
    generations,
    library,
    narration,
    reports,
    streams,
)
from stories.api.auth import USER

api = NinjaAPI(
    title="Storyteller",
    version="1",
    urls_namespace="api",
    auth=USER,
    description="Checked stories for children, written while they are read.",
)
for router in (
    families.router,
    friends.router,
    library.router,
    generations.router,
    narration.router,
    reports.router,
    streams.router,
):
    api.add_router("", router)
errors.install(api)
