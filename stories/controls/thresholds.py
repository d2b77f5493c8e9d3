"""The classifier's threshold as staff have set it, by age band; read when a chapter begins."""

from stories.models import Threshold
from stories.safety.classifier import THRESHOLD
from stories.vocabulary.brief import AgeBand


def threshold_of(band: AgeBand) -> float:
    value = Threshold.objects.filter(band=band).values_list("value", flat=True).first()
    return THRESHOLD if value is None else value
