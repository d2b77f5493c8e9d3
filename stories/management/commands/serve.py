"""Serves the app: what `make serve` runs, and with `--demo` what `make run` does."""

import asyncio
import ipaddress
import os
from argparse import ArgumentParser, ArgumentTypeError

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from stories import llm
from stories.management.migrating import bring_up_to_date

_MAX_PORT = 65535


class Command(BaseCommand):
    help = "Bring the database up to date and serve at $PORT, 8000 by default."
    requires_system_checks = []  # they run below, when the model had a chance to come

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = os.environ.get("PORT", "").strip() or "8000"
        parser.add_argument("--port", type=_port, default=default, help="instead of $PORT")
        parser.add_argument(
            "--demo", action="store_true", help="make the demo family, and fetch the model first"
        )

    def handle(self, *, demo: bool, port: int, **_: object) -> None:
        self._refuse_bad_settings()
        self.stdout.write(f"Database: {settings.DATABASES['default']['ENGINE'].rsplit('.')[-1]}")
        self.stdout.flush()
        bring_up_to_date()
        storyteller = asyncio.run(llm.status())
        if demo and _may_be_embedded(storyteller):
            self._fetch_model()
            storyteller = asyncio.run(llm.status())
        self._introduce(storyteller)
        self.check(display_num_errors=True, databases=list(settings.DATABASES))
        self._serve(port, demo=demo)

    def _refuse_bad_settings(self) -> None:
        """Before anything is fetched for them. What is a mere warning is said later, once."""
        if any(problem.is_serious() for problem in run_checks()):
            self.check(display_num_errors=True)

    def _fetch_model(self) -> None:
        """Without one the app still serves, and says what is missing."""
        try:
            call_command("fetch_model", stdout=self.stdout, stderr=self.stderr)
        except CommandError as problem:
            self.stderr.write(str(problem))

    def _introduce(self, storyteller: llm.Status) -> None:
        if storyteller.available:
            self.stdout.write(f"Storyteller: {storyteller.name} ({storyteller.provider})")
        elif not llm.configured():  # else a system check says so
            self.stderr.write(f"No storyteller yet: {storyteller.problem}.")
        for note in storyteller.notes:
            self.stderr.write(f"Note: {note}.")

    def _serve(self, port: int, *, demo: bool) -> None:
        has_started = False

        def ready() -> None:
            nonlocal has_started
            has_started = bool(server.listening_addresses)
            for _, real_port in server.listening_addresses:
                self._announce(real_port, demo=demo)

        server = Server(
            application=import_string(settings.ASGI_APPLICATION),
            endpoints=build_endpoint_description_strings(host=settings.LISTEN_ADDRESS, port=port),
            ready_callable=ready,
            server_name="Storyteller",
        )
        server.run()
        if not has_started:
            raise CommandError(f"Port {port} is taken. Choose another one: PORT={port + 1}")

    def _announce(self, port: int, *, demo: bool) -> None:
        self.stdout.write(f"\nStoryteller is at {_url(_address_here(), port)}")
        if settings.ADDRESS_FOR_OTHERS:
            self.stdout.write(
                f"and, for others in this network, at {_url(settings.ADDRESS_FOR_OTHERS, port)}"
            )
        if demo:
            self.stdout.write("Sign in as")
            call_command("demo_family", stdout=self.stdout)
        self.stdout.write("Ctrl-C ends it.\n")
        self.stdout.flush()


def _may_be_embedded(storyteller: llm.Status) -> bool:
    """True when the embedded model would be used, if it were there."""
    return settings.LLM_PROVIDER in {"auto", "embedded"} and (
        not storyteller.available or storyteller.is_demo
    )


def _address_here() -> str:
    """The address for a browser on this machine."""
    address = ipaddress.ip_address(settings.LISTEN_ADDRESS)
    if address.is_unspecified:
        return "::1" if address.version == 6 else "127.0.0.1"
    return str(address)


def _url(address: str, port: int) -> str:
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_PORT:
        raise ArgumentTypeError(f"PORT={text!r}: allowed is a number from 0 to {_MAX_PORT}")
    return int(text)
