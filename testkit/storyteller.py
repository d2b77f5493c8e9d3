"""Stories of a scripted model host that nobody scripted: sound stories and sound structure.

Everything is a function of the request, so that the same request gets the same answer and every
chapter reads differently. The texts are tame on purpose: they have to pass every gate.
"""

import hashlib
import random
import re
from typing import Any

from stories.vocabulary.languages import stand_ins

_LANGUAGES = {"es": ("spanish", "español"), "he": ("hebrew", "עברית")}

_OPENINGS = {
    "en": [
        (
            "{hero} woke up early and looked out at the {place}. The sun was warm, and {friend} "
            "was already waiting by the gate. A little lantern stood on the step."
        ),
        (
            "It was a bright morning near the {place}. {hero} packed an apple, a map and a small "
            "lantern. {friend} hummed a happy tune."
        ),
        (
            "Down by the {place}, the wind smelled of grass and honey. {hero} held up the lantern "
            "and smiled at {friend}."
        ),
    ],
    "es": [
        (
            "{hero} se despertó temprano y miró hacia {place}. El sol calentaba y {friend} ya "
            "esperaba junto a la puerta. Un pequeño farol brillaba en el escalón."
        ),
        (
            "Era una mañana clara cerca de {place}. {hero} guardó una manzana, un mapa y un "
            "pequeño farol. {friend} cantaba una canción alegre."
        ),
    ],
    "he": [
        (
            "בבוקר התעורר {hero} והביט אל {place}. השמש חיממה, {friend} כבר חיכה ליד השער. על "
            "המדרגה עמד פנס קטן."
        ),
        "היה בוקר בהיר ליד {place}. {hero} ארז תפוח, מפה ופנס קטן. {friend} שר שיר שמח.",
    ],
}
_MIDDLES = {
    "en": [
        (
            "Together they walked along a path of round white stones. They counted the stones out "
            "loud, and at number {count} they found a brass compass. Its needle turned slowly and "
            "pointed to the hill."
        ),
        (
            '"Look," said {friend}, "the needle wants to show us something." {hero} laughed and '
            "followed. Up on the hill grew a tree with silver leaves."
        ),
        (
            "A soft whisper came from between the branches. It was only the leaves, telling each "
            "other good morning. {hero} listened with both ears and whispered good morning back."
        ),
        (
            "Then {count} small birds came down and sat in a row. They shared the crumbs of the "
            "apple cake and sang in turns. {friend} clapped for every one of them."
        ),
        (
            "On the way they met a snail who carried a letter. The letter was for everyone who "
            "likes to help. {hero} read it slowly, word by word, until the last line made sense."
        ),
    ],
    "es": [
        (
            "Juntos caminaron por un sendero de piedras blancas. Contaron las piedras en voz alta,"
            " y en la número {count} encontraron una brújula. La aguja giró despacio y señaló la "
            "colina."
        ),
        (
            "—Mira —dijo {friend}—, la aguja quiere enseñarnos algo. {hero} se rio y siguió el "
            "camino. En la colina crecía un árbol de hojas plateadas."
        ),
        (
            "Luego bajaron {count} pajaritos y se posaron en fila. Compartieron las migas del "
            "pastel y cantaron por turnos."
        ),
    ],
    "he": [
        (
            "יחד הם הלכו בשביל של אבנים לבנות. הם ספרו את האבנים בקול, ובאבן מספר {count} מצאו "
            "מצפן. המחט הסתובבה לאט והצביעה אל הגבעה."
        ),
        "אז ירדו {count} ציפורים קטנות וישבו בשורה. הן אכלו את פירורי העוגה ושרו זו אחר זו.",
        (
            "בדרך פגשו חילזון שנשא מכתב. המכתב היה לכל מי שאוהב לעזור. {hero} קרא אותו לאט, מילה "
            "אחר מילה."
        ),
    ],
}
# For as many paragraphs as a chapter may be asked to have: what they find, and at what.
_FURTHER = {
    "en": "Behind the {spot} they found {count} {things}. {hero} counted them twice, and {friend} "
    "laid them out in a long row. Nobody knew who had left them there, so they left a note with "
    "a little drawing and walked on.",
    "es": "Detrás de {spot} encontraron {count} {things}. {hero} los contó dos veces y los puso en "
    "una larga fila junto a {friend}. Nadie sabía quién los había dejado allí, así que dejaron una "
    "nota con un pequeño dibujo y siguieron su camino.",
    "he": "מאחורי {spot} הם מצאו {count} {things}. {hero} ספר אותם פעמיים וסידר אותם בשורה ארוכה "
    "ליד {friend}. אף אחד לא ידע מי השאיר אותם שם, ולכן הם השאירו פתק עם ציור קטן והמשיכו בדרך.",
}
_SPOTS = {
    "en": ["mill", "stone wall", "blue shed", "fountain", "tall fence", "hollow log", "well"],
    "es": ["la fuente", "la valla", "el molino", "el pozo", "el muro", "la ermita", "el granero"],
    "he": ["הבאר", "הגדר", "הטחנה", "המזרקה", "הסככה הכחולה", "הגזע החלול", "הקיר הנמוך"],
}
_THINGS = {
    "en": ["buttons", "shells", "feathers", "marbles", "acorns", "ribbons", "bells"],
    "es": ["botones", "lazos", "cascabeles", "lápices", "pañuelos", "caramelos", "tapones"],
    "he": ["כפתורים", "צדפים", "בלוטים", "סרטים", "פעמונים", "אצטרובלים", "עפרונות"],
}
# A model that is asked for so many words seldom has them all.
_SHARE_OF_WORDS = 0.75
_DECISIONS = {
    "en": "They had thought about it well, and this is what they had decided: {choice}",
    "es": "Lo habían pensado bien, y esto es lo que habían decidido: {choice}",
    "he": "הם חשבו על זה היטב, וכך החליטו: {choice}",
}
_CLOSINGS = {
    "en": [
        (
            "In the end they sat down on the grass and shared the last apple. It had been a good "
            "day, and a new path was shining in the evening sun."
        ),
        (
            "When the sky turned pink, {hero} lit the lantern. Its light fell on a round little "
            "door that nobody had noticed before."
        ),
    ],
    "es": [
        (
            "Al final se sentaron en la hierba. Había sido un buen día, y un camino nuevo brillaba"
            " al sol de la tarde."
        )
    ],
    "he": ["בסוף הם ישבו על הדשא. זה היה יום טוב, ושביל חדש נצץ בשמש של הערב."],
}
_PLACES = {
    "en": ["green harbour", "old orchard", "river meadow", "garden on the hill", "quiet lake"],
    "es": ["el puerto verde", "el viejo huerto", "el lago tranquilo"],
    "he": ["הנמל הירוק", "הפרדס הישן", "האגם השקט"],
}
_FRIENDS = {
    "en": ["Pip the hedgehog", "Olive the owl", "Grandma", "Tilly the turtle"],
    "es": ["el búho Lucas", "la tortuga Tina", "la abuela"],
    "he": ["הקיפוד פיפ", "הינשוף אורי", "סבא"],
}

CHOICES = {
    "en": [
        "Follow the fireflies to the old bridge",
        "Knock on the round little door",
        "Ask the snail about the letter",
        "Climb the hill with the silver tree",
        "Build a small boat from leaves",
        "Bake a cake for the birds",
    ],
    "es": [
        "Seguir a las luciérnagas hasta el puente",
        "Llamar a la puertecita redonda",
        "Subir a la colina del árbol plateado",
        "Hacer un pastel para los pájaros",
    ],
    "he": [
        "ללכת אחרי הגחליליות אל הגשר",
        "לדפוק על הדלת הקטנה והעגולה",
        "לטפס אל העץ הכסוף",
        "לאפות עוגה לציפורים",
    ],
}
_WORDS = {
    "en": [
        ("lantern", "a lamp that you can carry"),
        ("compass", "a tool whose needle points north"),
        ("whisper", "to speak very softly"),
    ],
    "es": [
        ("farol", "una lámpara que se lleva en la mano"),
        ("hierba", "la planta verde que cubre el suelo"),
        ("brújula", "un aparato que señala el norte"),
    ],
    "he": [
        ("פנס", "מנורה שנושאים ביד"),
        ("שביל", "דרך קטנה להולכי רגל"),
        ("מצפן", "כלי שמראה איפה הצפון"),
    ],
}
_STRINGS = {
    "en": {
        "title": ["The Silver Leaf", "A Morning with a Map", "The Round Little Door"],
        "question": ["What should they do next?"],
        "summary": ["They went out together, found a compass and made new friends."],
        "description": ["It could be fun, and it is not far."],
        "impact": ["They will meet somebody kind."],
        "opened": ["who left the little lantern on the step"],
        "": ["Helping each other"],
    },
    "es": {
        "title": ["La hoja de plata", "Una mañana con un mapa"],
        "question": ["¿Qué deberían hacer ahora?"],
        "summary": ["Salieron juntos, encontraron una brújula e hicieron amigos."],
        "description": ["Puede ser divertido y no está lejos."],
        "impact": ["Conocerán a alguien amable."],
        "opened": ["quién dejó el pequeño farol en el escalón"],
        "": ["Ayudarse unos a otros"],
    },
    "he": {
        "title": ["העלה הכסוף", "בוקר עם מפה"],
        "question": ["מה כדאי לעשות עכשיו?"],
        "summary": ["הם יצאו יחד, מצאו מצפן והכירו חברים."],
        "description": ["זה יכול להיות כיף, וזה לא רחוק."],
        "impact": ["הם יפגשו מישהו נחמד."],
        "opened": ["מי השאיר את הפנס הקטן על המדרגה"],
        "": ["לעזור זה לזה"],
    },
}
_GOOD_SIGNS = {"approved", "is_approved", "safe", "is_safe", "ok", "suitable", "is_suitable"}
_COMPLAINTS = {"issues", "concerns", "problems", "findings", "reasons", "violations"}
_PASSING = ("approve", "approved", "pass", "safe", "ok", "none", "yes")


def chapter(prompt: str, offered: list[str]) -> str:
    """A chapter for this prompt; names the `offered` choice that the prompt mentions last."""
    language, dice = language_of(prompt), _dice(prompt)
    details = {
        "hero": _hero(prompt, language),
        "place": dice.choice(_PLACES[language]),
        "friend": dice.choice(_FRIENDS[language]),
        "count": dice.randint(3, 12),
    }
    middles = dice.sample(_MIDDLES[language], k=len(_MIDDLES[language]) - 1)
    parts = [dice.choice(_OPENINGS[language]), *middles, dice.choice(_CLOSINGS[language])]
    paragraphs = [part.format(**details) for part in parts]
    paragraphs[-1:-1] = _further(_words_missing(prompt, paragraphs), language, details, dice)
    choice = last_mentioned(prompt, [*offered, *CHOICES[language]])
    if choice:
        ending = "" if choice.endswith((".", "!", "?")) else "."
        paragraphs.insert(1, _DECISIONS[language].format(choice=choice + ending))
    return "\n\n".join(paragraphs)


def _words_missing(prompt: str, paragraphs: list[str]) -> float:
    """Of those that the prompt asks for, as "about 280 words"."""
    asked = re.findall(r"about (\d+) words", prompt)[-1:] or ["0"]
    return int(asked[0]) * _SHARE_OF_WORDS - sum(len(each.split()) for each in paragraphs)


def _further(
    words_missing: float, language: str, details: dict[str, Any], dice: random.Random
) -> list[str]:
    """Paragraphs that make a chapter longer by so many words, as far as there is something left to
    find."""
    found = zip(
        *(dice.sample(kinds[language], k=len(kinds[language])) for kinds in (_SPOTS, _THINGS)),
        strict=True,
    )
    further: list[str] = []
    for spot, things in found:
        if sum(len(each.split()) for each in further) >= words_missing:
            break
        again = details | {"spot": spot, "things": things}
        further.append(_FURTHER[language].format(**again))
    return further


def sentence(prompt: str) -> str:
    """One harmless sentence in the prompt's language."""
    return _CLOSINGS[language_of(prompt)][0].partition(".")[0] + "."


def harmless(guard: str) -> str:
    """The reply of a guard model of this name to harmless text."""
    return "No" if "granite" in guard else "safe"


def last_mentioned(prompt: str, texts: list[str]) -> str:
    """The one of `texts` that stands furthest back in the prompt, or ""."""
    return max((text for text in texts if text in prompt), key=prompt.rfind, default="")


def language_of(prompt: str) -> str:
    folded = prompt.casefold()
    named = (tag for tag, names in _LANGUAGES.items() if any(name in folded for name in names))
    return next(named, "en")


def _hero(prompt: str, language: str) -> str:
    names = stand_ins(language)
    return last_mentioned(prompt, list(names)) or names[0]


def _dice(prompt: str) -> random.Random:
    return random.Random(hashlib.sha256(prompt.encode(errors="replace")).digest())


_OF_FACTS = ("who", "what", "sentence")


def conforming(schema: dict[str, Any], prompt: str) -> Any:
    """A value that satisfies the JSON schema, and means something where its fields are known."""
    return _Filler(schema, prompt).fill(schema, "")


class _Filler:
    """Walks one schema; repeated fields get different texts."""

    def __init__(self, schema: dict[str, Any], prompt: str) -> None:
        self.definitions = schema.get("$defs", {})
        self.language = language_of(prompt)
        self.dice = _dice(prompt)
        self.choices = self.dice.sample(CHOICES[self.language], k=4)
        self.words = list(_WORDS[self.language])
        self.word = self.words[0]
        self.hero = _hero(prompt, self.language)
        chapter = prompt.rpartition("<chapter>")[2].partition("</chapter>")[0]
        self.sentences = re.findall(r"\w[^.!?\n\"]{12,}[.!?]", chapter)
        self.told = ""

    def fill(self, schema: dict[str, Any], name: str) -> Any:
        schema = self._resolved(schema)
        options = [schema["const"]] if "const" in schema else schema.get("enum")
        if options:
            return next((option for option in options if option in _PASSING), options[0])
        kind = schema.get("type", "string")
        return getattr(self, f"_{kind}")(schema, name)

    def _object(self, schema: dict[str, Any], _: str) -> dict[str, Any]:
        return {key: self.fill(part, key) for key, part in schema.get("properties", {}).items()}

    def _array(self, schema: dict[str, Any], name: str) -> list[Any]:
        low, high = schema.get("minItems", 0), schema.get("maxItems", 3)
        size = low if name in _COMPLAINTS else max(low, min(3, high))
        return [self.fill(schema.get("items", {}), name) for _ in range(size)]

    def _boolean(self, _: dict[str, Any], name: str) -> bool:
        return name in _GOOD_SIGNS

    def _number(self, schema: dict[str, Any], name: str) -> float:
        return float(schema.get("maximum", 1) if "score" in name else schema.get("minimum", 0))

    def _integer(self, schema: dict[str, Any], name: str) -> int:
        return int(self._number(schema, name))

    def _null(self, _schema: dict[str, Any], _name: str) -> None:
        return None

    def _string(self, schema: dict[str, Any], name: str) -> str:
        text = self._text(name)[: schema.get("maxLength")]
        return text.ljust(schema.get("minLength", 0), ".")

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema or "anyOf" in schema or "allOf" in schema:
            if "$ref" in schema:
                schema = self.definitions[schema["$ref"].rsplit("/", 1)[1]]
            else:
                options = schema.get("anyOf") or schema["allOf"]
                schema = next((o for o in options if o.get("type") != "null"), options[0])
        return schema

    def _text(self, name: str) -> str:
        if name in {"text", "choice", "choices", "option", "options"} and self.choices:
            return self.choices.pop(0)
        if name == "word":
            self.word = self.words.pop(0) if self.words else self.word
            return self.word[0]
        if name in {"meaning", "definition"}:
            return self.word[1]
        if name in _OF_FACTS:
            return self._of_fact(name)
        texts = _STRINGS[self.language]
        return self.dice.choice(texts.get(name) or texts[""])

    def _of_fact(self, name: str) -> str:
        """A part of a fact that a sentence of the chapter in the prompt shows; `what` comes
        first."""
        if name == "what":
            self.told = self.sentences.pop(0) if self.sentences else self.told
            return " ".join(self.told.rstrip(".!?").split()[-3:])
        return self.hero if name == "who" else self.told
