"""Note with a run the model host that its slot is taken at, and the writer of each attempt."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stories", "0012_trial_unjudged")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="host",
            field=models.CharField(blank=True, editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="generation",
            name="writers",
            field=models.JSONField(blank=True, default=list, editable=False),
        ),
    ]
