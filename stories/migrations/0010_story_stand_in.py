"""Keep with each story the name that its hero goes by: the one that its briefs have."""

from django.db import migrations, models


def fill(apps, schema_editor):
    Generation = apps.get_model("stories", "Generation")
    Story = apps.get_model("stories", "Story")
    heroes = Generation.objects.order_by("created_at").values_list("story_id", "brief__hero")
    for story_id, hero in dict(heroes.iterator()).items():
        if hero:
            Story.objects.filter(pk=story_id).update(stand_in=hero)


class Migration(migrations.Migration):
    dependencies = [("stories", "0009_model_trial")]

    operations = [
        migrations.AddField(
            model_name="story",
            name="stand_in",
            field=models.CharField(blank=True, editable=False, max_length=60),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
