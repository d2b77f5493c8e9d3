"""Name the part of a chapter that a finding was held back in."""

from django.db import migrations, models

FIELDS = [
    ("prose", "the chapter's text"),
    ("chapter", "the chapter as a whole"),
    ("title", "a title"),
    ("question", "the question"),
    ("choice", "a choice"),
    ("vocabulary", "a word's meaning"),
    ("summary", "the summary"),
    ("learning", "what can be learnt"),
]


class Migration(migrations.Migration):
    dependencies = [("stories", "0007_story_tile")]

    operations = [
        migrations.RenameField("safetyfinding", "place", "field"),
        migrations.AlterField(
            "safetyfinding",
            "field",
            models.CharField(choices=FIELDS, max_length=12, verbose_name="part"),
        ),
    ]
