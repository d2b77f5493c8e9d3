"""Name a run's flag after its meaning."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("stories", "0005_names")]

    operations = [
        migrations.RenameField("generation", "is_by_word", "shows_unchecked_words"),
    ]
