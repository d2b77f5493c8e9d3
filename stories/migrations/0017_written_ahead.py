"""Chapters that are written ahead of their choice, hidden until it is taken."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("stories", "0016_cast")]

    operations = [
        migrations.AddField(
            model_name="chapter",
            name="is_hidden",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="generation",
            name="ahead",
            field=models.CharField(
                blank=True,
                choices=[
                    ("hidden", "written ahead, not chosen"),
                    ("chosen", "written ahead, then chosen"),
                ],
                editable=False,
                max_length=6,
                verbose_name="written ahead",
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="made_for",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["created_at"], condition=Q(ahead="hidden"), name="generation_hidden"
            ),
        ),
        migrations.AddIndex(
            model_name="readingsession",
            index=models.Index(fields=["last_read_at"], name="session_last_read"),
        ),
    ]
