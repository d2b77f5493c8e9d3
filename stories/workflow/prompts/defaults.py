"""What stands in for a structured answer that never came: plain words of ours, true of any "
"story."""

from dataclasses import dataclass

from stories.vocabulary.brief import primary_language


@dataclass(frozen=True, slots=True)
class Defaults:
    """`choices` are pairs of text and description. `glossary` explains words that our own spines
    and many stories use."""

    title: str
    ending_title: str
    question: str
    choices: tuple[tuple[str, str], ...]
    learning: str
    glossary: dict[str, str]


_DEFAULTS = {
    "en": Defaults(
        title="Chapter {number}",
        ending_title="The End of the Story",
        question="What should {hero} do next?",
        choices=(
            ("Go on and look closer", "Who knows what is waiting there?"),
            ("Ask a friend for help", "Two heads think of more than one."),
            ("Stop and listen for a moment", "Sometimes a small sound shows the way."),
        ),
        learning="Listening and imagining",
        glossary={
            "hedgehog": "a small round animal with prickles",
            "curtain": "cloth that hangs in front of a window",
            "lantern": "a lamp that you can carry",
            "meadow": "a field of grass and flowers",
            "snail": "a slow little animal with a house on its back",
            "wobbly": "moving a little from side to side",
            "curious": "wanting to know more",
            "wonderful": "very, very good",
        },
    ),
    "es": Defaults(
        title="Capítulo {number}",
        ending_title="El final del cuento",
        question="¿Qué debería hacer {hero} ahora?",
        choices=(
            ("Seguir y mirar más de cerca", "¿Quién sabe qué habrá allí?"),
            ("Pedir ayuda a un amigo o una amiga", "Cuatro ojos ven más que dos."),
            ("Parar y escuchar un momento", "A veces un sonido pequeño enseña el camino."),
        ),
        learning="Escuchar e imaginar",
        glossary={
            "erizo": "un animal pequeño y redondo con púas",
            "cortina": "una tela que cuelga delante de la ventana",
            "pozo": "un agujero hondo con agua en el fondo",
            "manzano": "el árbol que da manzanas",
            "caracola": "un animalito con una casa en espiral",
            "curiosidad": "ganas de saber más",
        },
    ),
    "he": Defaults(
        title="פרק {number}",
        ending_title="סוף הסיפור",
        question="מה כדאי ל{hero} לעשות עכשיו?",
        choices=(
            ("להמשיך ולהסתכל מקרוב", "מי יודע מה מחכה שם?"),
            ("לבקש עזרה מחבר", "שניים חושבים טוב יותר מאחד."),
            ("לעצור ולהקשיב רגע", "לפעמים צליל קטן מראה את הדרך."),
        ),
        learning="להקשיב ולדמיין",
        glossary={
            "קיפוד": "חיה קטנה ועגולה עם קוצים",
            "וילון": "בד שתלוי לפני החלון",
            "באר": "בור עמוק באדמה שיש בו מים",
            "חילזון": "חיה קטנה ואיטית עם בית על הגב",
            "מנגינה": "צלילים יפים שבאים זה אחר זה",
        },
    ),
}


def defaults_for(language: str) -> Defaults:
    return _DEFAULTS.get(primary_language(language), _DEFAULTS["en"])
