"""The API's documentation: what each stream may be asked."""

from typing import Any

from django.test import Client


def test_every_stream_names_the_cursor_in_its_query_once(client: Client) -> None:
    paths: dict[str, Any] = client.get("/api/v1/openapi.json").json()["paths"]
    streams = {
        path: [parameter["name"] for parameter in methods["get"]["parameters"]]
        for path, methods in paths.items()
        if path.endswith(("/events", "/stream"))
    }
    assert len(streams) == 3
    assert {path: names.count("after") for path, names in streams.items()} == dict.fromkeys(
        streams, 1
    )
