"""Count with a model's trial the chapters in a row that it could not judge."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stories", "0011_chapter_outcome_findings")]

    operations = [
        migrations.AddField(
            model_name="modeltrial",
            name="unjudged",
            field=models.PositiveIntegerField(
                default=0, verbose_name="chapters without a judgement, in a row"
            ),
        ),
    ]
