"""Append times of the events of some logs, as time.time counts: `appended GENERATION …`."""

import json
import sys

from stories.models import GenerationEvent


def appended(generation_id: str) -> list[float]:
    rows = GenerationEvent.objects.filter(generation_id=generation_id).order_by("position")
    return [at.timestamp() for at in rows.values_list("created_at", flat=True)]


if __name__ == "__main__":
    sys.stdout.write(json.dumps({one: appended(one) for one in sys.argv[1:]}))
