"""Keep when each story was last read; of earlier ones, when the chapter being read was written."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    Chapter = apps.get_model("stories", "Chapter")
    ReadingSession = apps.get_model("stories", "ReadingSession")
    written = Chapter.objects.filter(pk=OuterRef("chapter")).values("created_at")
    ReadingSession.objects.update(last_read_at=Coalesce(Subquery(written), F("started_at")))


class Migration(migrations.Migration):
    dependencies = [("stories", "0014_story_plan")]

    operations = [
        migrations.AddField(
            model_name="readingsession",
            name="last_read_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
