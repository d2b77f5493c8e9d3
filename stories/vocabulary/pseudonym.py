"""The exchange of a family's names for stand-ins, on the way to the model and back.

The model never learns a name, and a word stays a word. Decided rules, for whatever a family types
(theme, title, own ideas, interests, things to avoid) and for what earlier chapters' titles and
choices say:

1. A name is hidden as a whole and in its parts: the first word of it, and the others from three
   letters on, of every name that somebody has or had. A letter is never a part: "A.J." is hidden as
   "A.J.", "A. J." and "AJ", and "a" stays "a".
2. Case, accents, apostrophes, hyphens, Hebrew points and invisible characters make no difference.
   Hebrew prefixes (ובכלמשה) and the English 's stay outside; a plural with a capital ("the Roses")
   is hidden as the plural of the stand-in.
3. What is no word of the story's language is a name wherever it stands: "mia" is Mia.
4. What is also a word ("will", "luz") is a name where it is written as one, with a capital. Where a
   sentence begins, or in a title, a capital says nothing: there it is a name as well, since
   privacy goes first. But it is a word after "a", "some", "cada" and the like ("a Rose"), and the
   verb in a question that it begins ("Will it rain?"); and words such as "so" are words there.
5. In lower case it is a word, unless it stands where only names do: after "called" or "my sister",
   before "'s", joined to a name ("mia and rose"), or as the one who does something at the beginning
   of a sentence ("will finds a key").
6. Hebrew has no capitals: there it is a name, except with the article ("האור"), after words of
   quantity ("הרבה אור"), before "אחד", and where a prefix makes another word of it ("מים").
7. Whatever was hidden comes back as the name in full wherever the stand-in stands, so that a child
   who reads on finds what was meant. Revealing heeds case: "a robin sang" stays a bird.
8. A stand-in is none of the words that were typed by then, and nobody famous together with them:
   where "Hood" or "Sherwood" was typed, nobody goes by Robin; "Robin Hood" in a story is always
   himself. A stand-in that is typed later, as somebody else's name, is hidden like a name.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .folding import begins_sentence, fold, pattern_index, whole_words, words_of
from .grammar import famous_words, grammar_of
from .languages import primary_language
from .names import NameFinder


@dataclass(frozen=True, slots=True)
class Alias:
    """A person whose `names` a model is not told: the first of them is put in for `stand_in`."""

    names: tuple[str, ...]
    stand_in: str


class Pseudonym:
    """Exchanges the names of a story's hero, and of `others` whom the family put into it."""

    def __init__(self, hero: Alias, others: Sequence[Alias] = (), language: str = "en") -> None:
        self.stand_in = hero.stand_in
        self._people = (hero, *others)
        self._language = tag = primary_language(language)
        self._finder = NameFinder([person.names for person in self._people], grammar_of(tag))
        self._revealed = [each for person in self._people for each in _shown(person, tag)]
        self._reveal = whole_words(each.pattern for each in self._revealed)

    def hide(self, text: str) -> str:
        pieces, shown = [], 0
        for found in self._finder.find(text):
            stand_in = self._people[found.person].stand_in
            if found.is_plural:
                stand_in = _plural(stand_in, self._language)
            pieces += [text[shown : found.start], stand_in]
            shown = found.end
        return "".join([*pieces, text[shown:]])

    def stand_ins_for(self, text: str) -> set[str]:
        """The stand-ins that hiding would put into the text."""
        return {self._people[found.person].stand_in for found in self._finder.find(text)}

    def reveal(self, text: str) -> str:
        return self._reveal.sub(self._revealed_name, text)

    def _revealed_name(self, match: re.Match[str]) -> str:
        shown = self._revealed[pattern_index(match)]
        if shown.is_also_a_word and begins_sentence(match.string[: match.start()]):
            return match[0]
        return match[1] + shown.name


@dataclass(frozen=True, slots=True)
class _Shown:
    """A form of a stand-in in a story, as a pattern, and the form of the name that is put in.

    One that `is_also_a_word`, such as "Robins", is a name only within a sentence.
    """

    pattern: str
    name: str
    is_also_a_word: bool = False


def _shown(person: Alias, language: str) -> list[_Shown]:
    stand_in, name = person.stand_in, person.names[0]
    forms = [(stand_in, name)]
    if stand_in.upper() != stand_in:
        forms.append((stand_in.upper(), name.upper()))
    shown = [_Shown(_shown_pattern(form, name), name_form) for form, name_form in forms]
    if stand_in.upper() != stand_in:
        is_word = grammar_of(language).is_word([fold(stand_in).text])
        shown.append(
            _Shown(re.escape(_plural(stand_in, language)), _plural(name, language), is_word)
        )
    return shown


def _shown_pattern(stand_in: str, name: str) -> str:
    """The pattern of a stand-in that is not the name of somebody famous; with the full stop behind
    it if the name has its own."""
    famous = "|".join(word.title() for word in famous_words(stand_in))
    others = rf"(?!\s+(?:{famous})\b)" if famous else ""
    stop = r"(?:\.(?!\.))?" if name.endswith(".") else ""
    return re.escape(stand_in) + others + stop


def _plural(name: str, language: str) -> str:
    """Several people of one name: "Roses", "Alexes", "Luces", "Leones"."""
    folded = fold(name).text
    last = folded[-1:]
    if language != "es":
        return f"{name}es" if folded.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"
    if last == "z":
        return f"{name[:-1]}ces"
    if last in "aeiou":
        return f"{name}s"
    return f"{name[:-2]}{unicodedata.normalize('NFD', name[-2:])[0]}{name[-1:]}es"


def choose_stand_in(stand_ins: Sequence[str], typed: Iterable[str]) -> str:
    """The first of these that is in nothing that was typed, and is nobody famous beside it."""
    text = "\n".join(typed)
    folded, words = fold(text).text, set(words_of(text))
    free = (
        stand_in
        for stand_in in stand_ins
        if fold(stand_in).text not in folded and words.isdisjoint(famous_words(stand_in))
    )
    return next(free, stand_ins[-1])
