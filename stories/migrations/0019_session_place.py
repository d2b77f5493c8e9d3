"""Keep where in a chapter a story was left."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stories", "0018_chapter_memory_and_plan")]

    operations = [
        migrations.AddField(
            model_name="readingsession",
            name="place_chapter",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="stories.chapter",
            ),
        ),
        migrations.AddField(
            model_name="readingsession",
            name="place_paragraph",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
    ]
