"""The trial of a model at its first use."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ModelTrial(models.Model):
    """One row by host, model and version; `address` is without user and password. A row without a
    model says why a host is left out.

    `schema` says how schemas are answered; `left_out` names what the host refused, and `support` is
    the same as the clients read it. `tokens_per_second` is an estimate. `unjudged` counts the
    chapters since the last one that the model judged: after `MAX_UNJUDGED` it is out of use, until
    a trial goes well.
    """

    MAX_UNJUDGED = 3

    provider = models.CharField(_("provider"), max_length=20)
    address = models.CharField(_("address"), max_length=300)
    model = models.CharField(_("model"), max_length=200)
    version = models.CharField(_("version"), max_length=100, blank=True)
    tried_at = models.DateTimeField(_("tried"), default=timezone.now)
    context_tokens = models.PositiveIntegerField(_("context in tokens"))
    languages = models.JSONField(_("languages"), default=list)
    elsewhere = models.CharField(_("runs at"), max_length=200, blank=True)
    writes = models.BooleanField(_("writes"))
    schema = models.CharField(_("answers to schemas"), max_length=20, blank=True)
    left_out = models.JSONField(_("refused by the host"), default=list, blank=True)
    support = models.JSONField(default=dict)
    first_word_seconds = models.FloatField(_("seconds to the first word"))
    tokens_per_second = models.FloatField(_("tokens a second"))
    problem = models.TextField(_("problem"), blank=True)
    unjudged = models.PositiveIntegerField(_("chapters without a judgement, in a row"), default=0)

    class Meta:
        ordering: ClassVar = ["-tried_at"]
        verbose_name = _("model trial")
        verbose_name_plural = _("model trials")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "address", "model", "version"], name="one_trial_of_a_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model or self.address} ({self.provider})"

    @property
    def is_out_of_use(self) -> bool:
        return self.unjudged >= self.MAX_UNJUDGED
