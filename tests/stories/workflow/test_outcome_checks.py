"""Faults found in a chapter by comparison with its brief, and ordinary sentences left alone."""

from typing import Any

import pytest

from children.profiles import Pronoun
from stories.vocabulary.brief import Companion, PastChapter
from stories.workflow.additions import Additions
from stories.workflow.asked import Asked, outcome_words
from stories.workflow.outcome import Kind, all_found_in, note_on, refuses
from tests.stories.workflow.studio import a_brief

HEROES = {"en": "Robin", "es": "Ariel", "he": "נועם"}


def asked(language: str = "en", pronoun: Pronoun = Pronoun.SHE, **changes: Any) -> Asked:
    return Asked(a_brief(language=language, hero=HEROES[language], pronoun=pronoun, **changes))


def kinds_in(text: str, of: Asked) -> list[Kind]:
    return [found.kind for found in all_found_in(text, of)]


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "I'm sorry, but I can't help with that request."),
        ("en", "I\u2019m really sorry but I cannot write this."),
        ("en", "I can't assist with that."),
        ("en", "Sorry, I can't continue this story."),
        ("en", "I am unable to create stories about this."),
        ("en", "As an AI language model, I have no grandmother."),
        ("en", "Unfortunately, I cannot tell that story."),
        ("en", "I must decline this request."),
        ("en", "I won't be able to help with that."),
        ("en", "This request violates my guidelines."),
        ("en", "I\u2019m sorry, but this goes against the content policy."),
        ("en", "I don't feel comfortable writing this story."),
        ("en", "My apologies, but I can't write that."),
        ("es", "Lo siento, pero no puedo ayudarte con eso."),
        ("es", "Lo siento, no puedo continuar con esta historia."),
        ("es", "Disculpa, pero no puedo escribir ese cuento."),
        ("es", "Me temo que no puedo ayudarte con esa historia."),
        ("es", "Debo rechazar esta solicitud."),
        ("es", "Esta solicitud va en contra de mis normas."),
        ("es", "No puedo escribir esta historia."),
        ("es", "Como modelo de lenguaje, no puedo hacerlo."),
        ("he", "אני מצטער, אבל אני לא יכול לעזור בזה."),
        ("he", "לצערי, אינני יכולה לכתוב את הסיפור."),
        ("he", "אני לא יכול לעזור עם הבקשה הזו."),
        ("he", "סליחה, אני לא יכולה לכתוב את זה."),
        ("he", "איני יכול למלא את הבקשה."),
        ("he", "אני נאלצת לסרב."),
        ("he", "הבקשה הזו נוגדת את הכללים."),
    ],
)
def test_a_refusal_is_told_from_a_story(language: str, sentence: str) -> None:
    assert refuses(sentence, asked(language))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "\"I'm sorry, but I can't help with that,\" said the owl."),
        ("en", "\u201cI cannot tell this story,\u201d said Robin, \u201cfor I was asleep.\u201d"),
        ("en", "I can't help laughing when I think of that day."),
        ("en", "I am sorry to say that the boat was gone."),
        ("en", "Sorry for the noise, the drum went quiet."),
        ("en", "I am able to help, thought Robin, and ran."),
        ("en", "I am comfortable with this pillow, thought the bear."),
        ("en", "I have to decline a word or two for you, dear reader."),
        ("en", "This request came by snail, and it was a good one."),
        ("es", "Lo siento, pensó Ariel, y no puedo dormir."),
        ("es", "Debo rechazar otra taza, pensó el topo."),
        ("he", "הבקשה של נועם הייתה קטנה."),
        ("es", "\u2014Lo siento, pero no puedo ayudarte con eso \u2014dijo el topo."),
        ("es", "Lo siento mucho por el pobre caracol."),
        ("he", "נועם אמר שהוא מצטער, אבל הפנס כבה."),
    ],
)
def test_a_story_is_not_told_from_a_story(language: str, sentence: str) -> None:
    assert not refuses(sentence, asked(language))


# Languages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("es", "They walked together along the path."),
        ("es", "The fox ran away and never came back to the forest."),
        ("en", "Caminaron juntos por el sendero de piedras blancas."),
        ("en", "נועם הלך אל היער עם הפנס."),
        ("he", "They walked together along the path."),
        ("he", "Caminaron juntos por el sendero."),
        ("en", "Лиса пошла в тёмный лес."),
    ],
)
def test_a_sentence_in_another_language_is_found(language: str, sentence: str) -> None:
    assert kinds_in(sentence, asked(language)) == [Kind.LANGUAGE]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("es", "\u2014Good morning, my friend \u2014dijo el profesor."),
        ("es", '"Where are you going with that lantern?"'),
        ("es", "Ariel cantó Twinkle Twinkle Little Star."),
        ("es", "Okay!"),
        ("es", "Tic, tac, tic, tac, tic, tac."),
        ("en", "\u00abBuenos días, mi amigo, cómo está usted\u00bb, said the owl."),
        ("en", "La la la la la de la la, Robin sang."),
        ("en", "Robin waved adiós to Don Quijote de la Mancha."),
        ("en", "Splish, splash, plip, plop, drip!"),
        ("en", "Abuelita Rosa made empanadas con queso for everyone."),
        ("he", "נועם ראה שלט: Welcome."),
        ("he", "דובי אמר: OK, בוא נלך."),
    ],
)
def test_foreign_words_and_short_cries_are_tolerated(language: str, sentence: str) -> None:
    assert kinds_in(sentence, asked(language)) == []


def test_a_language_without_a_row_is_compared_with_nothing() -> None:
    of = Asked(a_brief(language="fr", hero="Robin"))
    assert kinds_in("Ils marchaient ensemble dans la forêt. He shook his head.", of) == []


# Pronouns -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pronoun", "text"),
    [
        (Pronoun.SHE, "Robin packed his bag."),
        (Pronoun.SHE, "Robin woke up early. He ran to the window."),
        (Pronoun.HE, "Robin put on her yellow boots."),
        (Pronoun.THEY, "Robin rubbed her eyes."),
        (Pronoun.OPEN, "Robin opened the door, and he smiled."),
        (Pronoun.SHE, 'The fox sat down beside Grandpa. "Hm," Robin said to himself.'),
        (Pronoun.SHE, "Grandpa laughed. Robin shook his head."),
        (Pronoun.SHE, "Once there was a small child called Robin who loved maps. He drew one."),
        (Pronoun.HE, "The house belonged to a girl whose name was Robin. She was eight."),
    ],
)
def test_a_pronoun_that_is_not_the_heros_is_found(pronoun: Pronoun, text: str) -> None:
    assert Kind.PRONOUN in kinds_in(text, asked(pronoun=pronoun))


# Chapters in which the hero, asked for as the other, is "he" or "she" throughout.
THROUGHOUT = [
    (
        "Robin woke early and looked out of the window. The moon was still in the sky. {He} put "
        "on {his} boots. An owl sat on the gate. Robin walked down the path with a lantern. It "
        "was long and dark. {He} held the lantern high. {He} was a little cold, but {he} walked "
        "on. Robin began to hum. {He} knew the way."
    ),
    (
        "The moon hung over the garden like a lamp. Robin opened the window and looked out. "
        "{He} wanted to see the stars. {He} took a blanket and went outside. The grass was wet. "
        "Robin sat down on the step. {He} looked up for a long time. Then Robin went to bed, "
        "and {he} slept."
    ),
    (
        "An owl called. Robin ran to the door. The wind was cold. There was a light on the "
        "hill. Robin took a coat. {He} went up the hill, and {he} looked at the light. Robin "
        "laughed. {He} held {his} lantern high."
    ),
]
HE, SHE = {"He": "He", "he": "he", "his": "his"}, {"He": "She", "he": "she", "his": "her"}


@pytest.mark.parametrize("chapter", THROUGHOUT)
@pytest.mark.parametrize(
    ("right", "wrong", "words"), [(Pronoun.HE, Pronoun.SHE, HE), (Pronoun.SHE, Pronoun.HE, SHE)]
)
def test_another_pronoun_throughout_is_found_beside_the_moon_and_an_owl(
    right: Pronoun, wrong: Pronoun, words: dict[str, str], chapter: str
) -> None:
    text = chapter.format(**words)
    assert set(kinds_in(text, asked(pronoun=wrong))) == {Kind.PRONOUN}
    assert kinds_in(text, asked(pronoun=right)) == []


@pytest.mark.parametrize("chapter", THROUGHOUT)
def test_a_chapter_with_the_right_pronoun_too_is_left_alone(chapter: str) -> None:
    text = f"The owl and Robin were friends. The owl liked her. {chapter.format(**HE)}"
    assert kinds_in(text, asked(pronoun=Pronoun.SHE)) == []


@pytest.mark.parametrize(
    "somebody",
    ["Grandpa sat by the fire.", "A boy stood by the gate.", "The owl looked up. He blinked."],
)
@pytest.mark.parametrize("chapter", THROUGHOUT)
def test_a_pronoun_that_somebody_else_may_have_is_no_fault(chapter: str, somebody: str) -> None:
    text = f"{somebody} The owl, the fox and Robin sat down. {chapter.format(**HE)}"
    assert kinds_in(text, asked(pronoun=Pronoun.SHE)) == []


@pytest.mark.parametrize("pronoun", [Pronoun.HE, Pronoun.OPEN])
def test_a_companion_may_have_a_pronoun(pronoun: Pronoun) -> None:
    text = f"Pip, the owl and Robin were friends. {THROUGHOUT[2].format(**HE)}"
    companion = Companion(name="Pip", pronoun=pronoun)
    assert kinds_in(text, asked(companions=(companion,))) == []


@pytest.mark.parametrize("pronoun", [Pronoun.SHE, Pronoun.HE])
@pytest.mark.parametrize(
    "text",
    [
        (
            "Robin met an old fox. Robin took {his} paw. Robin held {his} ear. Robin stroked {his} "
            "back. Robin gave the fox {his} hat."
        ),
        (
            "Robin looked up. The moon was lonely. {He} sighed. {He} had nobody to play with. "
            "Robin waved. {He} waved back. Robin smiled, and {he} smiled too."
        ),
        (
            "A fox came along. {He} wagged {his} tail. Robin laughed. {He} had a leaf on {his} "
            "nose. Robin took it. {He} sneezed. Robin sat down. {He} sat down too."
        ),
    ],
)
@pytest.mark.parametrize("words", [HE, SHE])
def test_somebody_with_a_pronoun_of_their_own_is_left_alone(
    text: str, words: dict[str, str], pronoun: Pronoun
) -> None:
    assert kinds_in(text.format(**words), asked(pronoun=pronoun)) == []


@pytest.mark.parametrize("pronoun", [*Pronoun])
@pytest.mark.parametrize(
    "text",
    [
        "Robin met an old fox. He wagged his tail.",
        "Grandpa sat in his chair. It was warm. The fire glowed. Robin took his hand.",
        '"I lost my hat," said the boy. Robin found his hat under the bench.',
        '"He is asleep," said Robin.',
        "Robin watched the moon. He seemed to smile.",
        "Robin waved at Pip. He waved back.",
        "Once there was a child called Robin, and a child called Pip. He laughed.",
        "Robin met a child called Robinson. He laughed.",
        "Pip laughed. Robin gave him the lantern.",
        "Robin carried the snowman's hat, and he thanked Robin for it.",
        "A hedgehog came along. Robin knew his name.",
        "The two of them went on. Robin held his paw.",
        "Robin's brother lost his shoe.",
        "They had a secret. Robin whispered it into his ear.",
        "In London, Robin saw a guard. His hat was tall.",
        "Will came home. Robin took his coat.",
        "Robin helped the gnome to put on his boots.",
        '"Wait!" he called. Robin took his hand.',
        "She was a small boat. Robin painted her red.",
        "The wizard had a book. Robin read. It shone. A bell rang. It was late. Robin liked him.",
    ],
)
def test_pronouns_that_may_be_somebody_elses_are_left_alone(text: str, pronoun: Pronoun) -> None:
    assert kinds_in(text, asked(pronoun=pronoun)) == []


def test_somebody_may_still_be_there_from_the_chapter_before() -> None:
    past = PastChapter(number=1, title="One", summary="", text="The fox slept in the hall.")
    of = asked(path=(past,), chapter_number=2)
    assert kinds_in("Robin took his paw.", of) == []
    assert kinds_in("Robin packed his bag.", asked()) == [Kind.PRONOUN]


# Of one hero; of the other one the same sentence is as it should be.
OF_HIM = [
    ("es", "Ariel estaba muy cansado."),
    ("es", "Al final, Ariel se quedó dormido."),
    ("es", "Ariel se dijo a sí mismo que no había prisa."),
    ("es", "El propio Ariel abrió la puerta."),
    ("es", "La abuela miró al pequeño Ariel."),
    ("es", "Ariel era un niño del pueblo."),
    ("es", "Ariel mismo encendió la luz."),
    ("es", "Ariel cerró la puerta. Él corrió a la ventana."),
    ("es", "Ariel subió la escalera. Cuando él llegó arriba, era de noche."),
    ("he", "נועם פתח את הדלת."),
    ("he", "ואז נועם אמר שהגיע הזמן."),
    ("he", "נועם לא ידע לאן ללכת."),
    ("he", "נועם מחייך אל סבתא."),
    ("he", "נועם לחש לעצמו שיר קטן."),
]
OF_HER = [
    ("es", "Ariel estaba muy cansada."),
    ("es", "Entonces Ariel se sintió orgullosa."),
    ("es", "Ariel sonrió para sí misma."),
    ("es", "La pequeña Ariel abrió la puerta."),
    ("es", "Nuestra querida Ariel durmió hasta tarde."),
    ("es", "Ariel era una niña del pueblo."),
    ("es", "Ariel cerró la puerta. Ella corrió a la ventana."),
    ("he", "נועם פתחה את הדלת."),
    ("he", "אבל נועם הייתה עייפה."),
    ("he", "נועם הולכת אל הנהר."),
    ("he", "נועם הבטיחה לעצמה לחזור."),
]


@pytest.mark.parametrize(
    ("right", "wrong", "language", "text"),
    [
        *((Pronoun.HE, Pronoun.SHE, *each) for each in OF_HIM),
        *((Pronoun.SHE, Pronoun.HE, *each) for each in OF_HER),
    ],
)
def test_words_that_agree_with_another_hero_are_found(
    right: Pronoun, wrong: Pronoun, language: str, text: str
) -> None:
    assert kinds_in(text, asked(language, wrong)) == [Kind.PRONOUN]
    assert kinds_in(text, asked(language, right)) == []


@pytest.mark.parametrize("pronoun", [Pronoun.THEY, Pronoun.OPEN])
def test_a_hero_without_a_gender_is_given_none_by_a_pronoun_and_may_be_by_grammar(
    pronoun: Pronoun,
) -> None:
    """Where a language has no other words, words that agree are nobody's fault."""
    by_pronoun = "Ariel cerró la puerta. Ella corrió a la ventana."
    assert kinds_in(by_pronoun, asked("es", pronoun)) == [Kind.PRONOUN]
    for language, text in [("es", "Ariel estaba cansada."), ("he", "נועם פתח את הדלת.")]:
        assert kinds_in(text, asked(language, pronoun)) == []


@pytest.mark.parametrize("pronoun", [*Pronoun])
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "Ariel vio a un zorro viejo. Él movió la cola."),
        ("es", "Ariel miró a la luna. Ella brillaba."),
        ("es", "La abuela de Ariel estaba cansada."),
        ("es", "El hermano de Ariel mismo lo contó."),
        ("es", "Ariel abrió la puerta y pasó por ella."),
        ("es", "Ariel encontró el camino y caminó por él."),
        ("es", "Luna saludó a Ariel. Ella sonrió."),
        ("es", "\u2014Ariel está cansado \u2014dijo el topo."),
        ("es", "\u201cAriel está dormida\u201d, dijo mamá."),
        ("es", "El día estaba tranquilo. Ariel la tomó y lo miró."),
        ("es", "Ariel dejó a la rana dormida en su hoja."),
        ("es", "Se oyó una voz. Ella cantaba. Ariel escuchó."),
        ("es", "Los ratones bailaban. Él tocaba. Ariel reía."),
        ("es", "Ariel estaba alegre y sonriente."),
        ("he", "סבתא של נועם אמרה שלום."),
        ("he", "לנועם הייתה חולצה אדומה."),
        ("he", "לנועם היה פנס קטן."),
        ("he", "את נועם ראתה הציפור."),
        ("he", "נועם והדוב עצמו ישבו על הספסל."),
        ("he", "נועם ראה את הפנס. הוא האיר."),
        ("he", "נועם רצה הביתה."),
        ("he", "הדוב אמר לעצמו שנועם בבית."),
        ("he", '"נועם הלכה," אמר הדוב.'),
        ("he", "נועם ודובי הלכו ליער. היא הייתה עייפה."),
    ],
)
def test_words_that_may_agree_with_somebody_else_are_left_alone(
    language: str, text: str, pronoun: Pronoun
) -> None:
    assert kinds_in(text, asked(language, pronoun)) == []


# Names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Robbin", "Robyn", "Rbin", "Roibn", "Robien", "Robinn"])
def test_a_name_that_is_nearly_the_heros_is_found(name: str) -> None:
    assert kinds_in(f"{name} found a lantern.", asked()) == [Kind.NAME]


@pytest.mark.parametrize(
    "sentence",
    [
        "Robins sang in the tree.",
        "Robin's lantern shone.",
        "Robin and her cousin Robyn found a lantern.",
        "Rob found a lantern.",
        "Robe and slippers lay on the bed.",
        "Corin found a lantern.",
        "A robbin is no bird.",
        "Dobin the horse neighed.",
    ],
)
def test_other_names_and_words_are_no_misspelt_hero(sentence: str) -> None:
    assert kinds_in(sentence, asked()) == []


def test_a_name_that_the_family_typed_is_no_misspelt_hero() -> None:
    assert kinds_in("Robyn found a lantern.", asked(theme="Robyn's lantern")) == []


# Repetition ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "They walked on and on. " * 4,
        "They walked along the path. The owl flew over them. " * 3,
        "They walked along the path. The owl flew over them. A bell rang in the town. " * 3,
    ],
)
def test_a_loop_is_found(text: str) -> None:
    assert Kind.REPETITION in kinds_in(text, asked())


@pytest.mark.parametrize(
    "text",
    [
        "Row, row, row the boat! " * 3,
        "Tick tock! " * 12,
        "They ran and they ran. The wind sang along. They ran and they ran. The wind sang along.",
        "Snip, snap, on we go! They passed the mill. " * 2 + "Snip, snap, on we go! They slept.",
    ],
)
def test_a_refrain_is_no_loop(text: str) -> None:
    assert kinds_in(text, asked()) == []


# Additions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "unfit"),
    [
        ("en", "I will make it shorter."),
        ("en", "Suddenly the moon came out."),
        ("en", "It was as if the moon sang."),
        ("en", "The dough was smooth and creamy."),
        ("en", "The clay was soft and warm, like the skin of a baby."),
        ("en", "The smell was sweet and fresh."),
        ("en", "The rain had a salty smell, like the sea."),
        ("en", "Momo and the fox looked at the sky."),
        ("es", "Esta frase es para ti, lector."),
        ("es", "De repente salió la luna."),
        ("es", "Era como si la luna cantara."),
        ("he", "זה סוף הסיפור."),
        ("he", "פתאום יצא הירח."),
        ("he", "זה היה כאילו הירח שר."),
    ],
)
def test_an_addition_is_judged_by_its_languages_words(language: str, unfit: str) -> None:
    fits = {"en": "The moon shone on the roof.", "es": "La luna era roja.", "he": "הירח היה עגול."}
    additions = Additions(asked(language, Pronoun.OPEN))
    assert additions.fit(fits[language], "")
    assert not additions.fit(unfit, "")


# All ----------------------------------------------------------------------------------------------


def test_a_chapter_that_is_too_short_is_found_last() -> None:
    found = all_found_in("Robin shook his head.", asked(), least_words=10)
    assert [each.kind for each in found] == [Kind.PRONOUN, Kind.SHORT]
    assert all_found_in("Robin shook her head.", asked(), least_words=4) == ()


def test_the_next_try_is_told_of_each_kind_once() -> None:
    note = note_on([Kind.NAME, Kind.LANGUAGE, Kind.NAME, "violence"], asked("es"))
    assert note == (
        "Write every sentence in Spanish. The hero's name is spelled Ariel, and never otherwise."
    )
    assert note_on(["violence"], asked()) == ""


@pytest.mark.parametrize("language", ["en", "es", "he"])
def test_each_language_says_how_a_model_refuses(language: str) -> None:
    words = outcome_words(asked(language).row)
    assert words.refusals
    assert len(words.function_words) > 30
