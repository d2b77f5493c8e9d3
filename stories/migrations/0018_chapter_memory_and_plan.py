"""Keep with each chapter its part of the story's memory, and a model's plan of the next ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stories", "0017_written_ahead")]

    operations = [
        migrations.AddField("chapter", "facts", models.JSONField(blank=True, default=list)),
        migrations.AddField("chapter", "threads", models.JSONField(blank=True, default=dict)),
        migrations.AddField("chapter", "scene", models.JSONField(blank=True, default=dict)),
        migrations.AddField("chapter", "plan", models.JSONField(blank=True, default=dict)),
        migrations.AddField(
            "chapter", "plan_by", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AlterField(
            model_name="safetyfinding",
            name="field",
            field=models.CharField(
                choices=[
                    ("prose", "the chapter's text"),
                    ("chapter", "the chapter as a whole"),
                    ("title", "a title"),
                    ("question", "the question"),
                    ("choice", "a choice"),
                    ("vocabulary", "a word's meaning"),
                    ("summary", "the summary"),
                    ("learning", "what can be learnt"),
                    ("memory", "what is remembered"),
                    ("plan", "the plan of the next chapters"),
                ],
                max_length=12,
                verbose_name="part",
            ),
        ),
    ]
