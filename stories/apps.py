from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class StoriesConfig(AppConfig):
    name = "stories"
    verbose_name = _("Stories")

    def ready(self) -> None:
        from stories import checks as own  # noqa: PLC0415 - it needs the settings

        checks.register(own.check_model)
        checks.register(own.check_languages)
        checks.register(own.check_guard)
        checks.register(own.check_show)
        checks.register(own.check_elsewhere)
        checks.register(own.check_addresses)
        checks.register(own.check_cache)
        checks.register(own.check_database)
        checks.register(own.check_rulings, checks.Tags.database)
        checks.register(own.check_runs)
        checks.register(own.check_exposure)
        checks.register(own.check_tracing)
        checks.register(own.check_voices)
