"""The HTTP API: routers by what they serve, mounted by `storyteller.api`."""
