"""Two paragraphs for each age and language that show a model the tone. Their heroes are others than
the story's, and they call nobody "he" or "she"."""

from stories.vocabulary.brief import AgeBand, primary_language

_EXAMPLES = {
    "en": {
        AgeBand.YOUNG: (
            (
                "Plip, plop! Rain fell on the little red boat. Momo the duck looked up. "
                '"Hello, rain!" said Momo. "Do you want to play?"'
            ),
            (
                "The puddle was round and shiny. Momo put one foot in. Splash! Momo put the "
                "other foot in. Splash, splash! The frog laughed and jumped in, too."
            ),
        ),
        AgeBand.MIDDLE: (
            (
                "The key was smaller than a fingernail, and it hummed. Tala held it up to one ear. "
                '"It sounds like a bee with a cold," Tala said, and the cat sneezed as if to agree.'
            ),
            (
                "They tried the key in the cupboard, the piano and the old clock. Nothing "
                "opened. Then the cat put one paw on the smallest stair. There, under the "
                "carpet, was a door no bigger than a book."
            ),
        ),
        AgeBand.OLDER: (
            (
                "Nobody on Gull Street believed that the lighthouse could talk, except Wren, who "
                "had heard it clear its throat. It happened at dusk, when the lamp went on. "
                '"Ahem," said the lighthouse. "I believe you have my umbrella."'
            ),
            (
                "Wren looked at the umbrella, then at the forty metres of painted stone. There "
                "were "
                'sensible questions to ask. "What would a lighthouse want with an umbrella?" was '
                "not one of them, but it came out first, and somewhere above a window chuckled."
            ),
        ),
    },
    "es": {
        AgeBand.YOUNG: (
            (
                "¡Plin, plan! La lluvia caía sobre el barquito rojo. Momo miró hacia arriba. "
                "—¡Hola, lluvia! —dijo Momo—. ¿Quieres jugar?"
            ),
            (
                "El charco era redondo y brillante. Momo metió un pie. ¡Plas! Momo metió el otro "
                "pie. ¡Plas, plas! La rana se rio y saltó también."
            ),
        ),
        AgeBand.MIDDLE: (
            (
                "La llave era más pequeña que una uña y zumbaba. Tala se la acercó al oído. "
                "—Suena como una abeja resfriada —dijo Tala, y el gato estornudó."
            ),
            (
                "Probaron la llave en el armario, en el piano y en el viejo reloj. Nada se abrió. "
                "Entonces el gato puso una pata en el escalón más bajo. Allí, bajo la alfombra, "
                "había una puerta del tamaño de un libro."
            ),
        ),
        AgeBand.OLDER: (
            (
                "Nadie en la calle de las Gaviotas creía que el faro supiera hablar, salvo Wren, "
                "que lo había oído carraspear. Ocurrió al anochecer, cuando se encendió la "
                "lámpara. —Ejem —dijo el faro—. Creo que tienes mi paraguas."
            ),
            (
                "Wren miró el paraguas y luego los cuarenta metros de piedra pintada. Había "
                "preguntas sensatas que hacer. —¿Para qué quiere un faro un paraguas? —no era "
                "una de ellas, pero fue la primera que salió."
            ),
        ),
    },
    "he": {
        AgeBand.YOUNG: (
            (
                "טיף, טף! גשם ירד על הסירה האדומה הקטנה. מומו הסתכל למעלה. "
                '"שלום, גשם!" אמר מומו. "רוצה לשחק?"'
            ),
            (
                "השלולית הייתה עגולה ומבריקה. מומו הכניס רגל אחת. פלאש! מומו הכניס גם את הרגל "
                "השנייה. פלאש, פלאש! הצפרדע צחקה וקפצה גם היא."
            ),
        ),
        AgeBand.MIDDLE: (
            (
                "המפתח היה קטן מציפורן, והוא זמזם. טל קירב אותו אל האוזן. "
                '"זה נשמע כמו דבורה מצוננת," אמר טל, והחתול התעטש.'
            ),
            (
                "הם ניסו את המפתח בארון, בפסנתר ובשעון הישן. שום דבר לא נפתח. אז החתול הניח את "
                "כפתו על המדרגה הנמוכה ביותר. שם, מתחת לשטיח, הייתה דלת בגודל של ספר."
            ),
        ),
        AgeBand.OLDER: (
            (
                "איש ברחוב השחפים לא האמין שהמגדלור יודע לדבר, חוץ מרן, ששמע אותו מכחכח בגרונו. "
                'זה קרה בין הערביים, כשהמנורה נדלקה. "אהם," אמר המגדלור. "נדמה לי שהמטרייה שלי '
                'אצלך."'
            ),
            (
                "רן הסתכל על המטרייה, ואחר כך על ארבעים מטר של אבן צבועה. היו שאלות הגיוניות "
                "לשאול. "
                '"בשביל מה מגדלור צריך מטרייה?" לא הייתה אחת מהן, אבל היא יצאה ראשונה.'
            ),
        ),
    },
}


def examples(language: str, band: AgeBand) -> tuple[str, str]:
    return _EXAMPLES.get(primary_language(language), _EXAMPLES["en"])[band]
