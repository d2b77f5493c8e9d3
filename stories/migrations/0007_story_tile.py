"""Keep with each story the key of the picture tile that it began with."""

from collections import defaultdict

from django.db import migrations, models

# What each tile told stories to be about when the key was not kept, in every language.
IDEAS = {
    "forest": [
        "A friendly forest where the old trees whisper secrets",
        "Un bosque amable donde los árboles viejos susurran secretos",
        "יער ידידותי שבו העצים הזקנים לוחשים סודות",
    ],
    "sea": [
        "A small boat on a big journey across the sea",
        "Un barquito en un gran viaje por el mar",
        "סירה קטנה במסע גדול על פני הים",
    ],
    "space": [
        "A trip by rocket to a planet nobody has seen",
        "Un viaje en cohete a un planeta que nadie ha visto",
        "טיול בחללית אל כוכב לכת שאף אחד עוד לא ראה",
    ],
    "dragon": [
        "A shy little dragon who needs a friend",
        "Un pequeño dragón tímido que necesita un amigo",
        "דרקון קטן וביישן שצריך חבר",
    ],
    "castle": [
        "An old castle with a secret door",
        "Un viejo castillo con una puerta secreta",
        "טירה עתיקה עם דלת סודית",
    ],
    "dinosaur": [
        "A green valley where gentle dinosaurs still live",
        "Un valle verde donde aún viven dinosaurios bondadosos",
        "עמק ירוק שבו עדיין חיים דינוזאורים עדינים",
    ],
    "robot": [
        "A little robot who learns to help",
        "Un pequeño robot que aprende a ayudar",
        "רובוט קטן שלומד לעזור",
    ],
    "snow": [
        "A quiet snowy day with animal friends",
        "Un tranquilo día de nieve con amigos animales",
        "יום שקט ומושלג עם חברים מעולם החיות",
    ],
    "garden": [
        "Being as small as a ladybird in the garden",
        "Ser tan pequeño como una mariquita en el jardín",
        "להיות קטנים כמו פרת משה רבנו בגינה",
    ],
    "train": [
        "A night train that stops at wonderful places",
        "Un tren nocturno que para en lugares maravillosos",
        "רכבת לילה שעוצרת במקומות נפלאים",
    ],
}
TILES = {idea: key for key, ideas in IDEAS.items() for idea in ideas}
SEPARATOR = ": "
STORIES_PER_UPDATE = 500


def keep_tiles(apps, schema_editor):
    """By the comparison that told a story's cover so far: the text before a wish, if any."""
    stories = apps.get_model("stories", "Story").objects.all()
    began_with = defaultdict(list)
    for pk, theme in stories.values_list("pk", "theme").iterator():
        if key := TILES.get(theme.partition(SEPARATOR)[0]):
            began_with[key].append(pk)
    for key, found in began_with.items():
        for start in range(0, len(found), STORIES_PER_UPDATE):
            some = found[start : start + STORIES_PER_UPDATE]
            stories.filter(pk__in=some).update(tile=key)


class Migration(migrations.Migration):
    dependencies = [("stories", "0006_shows_unchecked_words")]

    operations = [
        migrations.AddField("story", "tile", models.CharField(blank=True, max_length=20)),
        migrations.RunPython(keep_tiles, migrations.RunPython.noop),
    ]
