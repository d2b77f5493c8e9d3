"""The server that is photographed: one family with a child for each language, and a superuser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from testkit.app import PASSWORD, App, Family
from testkit.ollama.server import OllamaServer

# A name that the app takes for a model which writes Hebrew, too.
MODEL = "gemma3:12b"
STAFF = "staff@example.org"
_SETTINGS = {
    # Chapters that are held in the middle of a scene take a slot each.
    "STORYTELLER_MAX_CONCURRENT": "64",
    "STORYTELLER_MAX_CONCURRENT_PER_FAMILY": "0",
    "STORYTELLER_MODEL_TIMEOUT": "3600",
}
_STAFF = f"""
from allauth.account.models import EmailAddress
from children.models import User
user = User.objects.create_superuser({STAFF!r}, {PASSWORD!r})
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


@dataclass(frozen=True)
class Site:
    """`children` has the id of the child who reads each language."""

    app: App
    host: OllamaServer
    family: Family
    children: dict[str, str] = field(default_factory=dict)


@contextmanager
def temporary_site(folder: Path) -> Iterator[Site]:
    with OllamaServer(model=MODEL) as host:
        app = App(folder, host.url, host.model, variables=_SETTINGS)
        app.start()
        try:
            yield _peopled(app, host)
        finally:
            host.release()
            app.stop()


def _peopled(app: App, host: OllamaServer) -> Site:
    app.manage("shell", "--no-imports", "--command", _STAFF)
    family = Family(app)
    body = {"name": "Lucía", "language": "es", "birth_year": 2018, "birth_month": 5}
    family.ids["lucia"] = family.call("POST", "/children", body)["id"]
    named = {"en": "maya", "es": "lucia", "he": "noa"}
    return Site(app, host, family, {code: family.ids[name] for code, name in named.items()})
