"""Keep with each chapter what of its text is not what was asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stories", "0010_story_stand_in")]

    operations = [
        migrations.AddField(
            model_name="chapter",
            name="outcome_findings",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
