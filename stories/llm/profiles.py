"""What a model can be asked for, by its name and size."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from stories.vocabulary.languages import Writers, codes
from stories.workflow.resources import ModelProfile

Provider = Literal["ollama", "openai", "embedded"]


@dataclass(frozen=True, slots=True)
class _Ability:
    writes_as: Writers = "capable"
    writing: Literal["prose", "beats", "spine"] = "prose"
    judges: bool = True
    structures: bool = True
    is_demo: bool = False


_SPINE = _Ability("every", writing="spine", judges=False, structures=False)
# Of eight harmless chapters the 1.5B's judgement would have withdrawn one, and every
# withdrawal costs a reader the story: models of that size are not asked.
_BEATS = _Ability("every", writing="beats", judges=False)
_PROSE = _Ability()
_MULTILINGUAL = _Ability("multilingual")

# The first row that fits says what a model can do: provider (None is any), a pattern that its name
# starts with, ability. The embedded two were read and judged; the others go by their publishers'
# word. A model without a row goes by its size, and is taken for a good one where that is not known.
_ABILITIES: tuple[tuple[Provider | None, str, _Ability], ...] = (
    ("embedded", r"qwen2\.5-coder-1\.5b", replace(_BEATS, is_demo=True)),
    ("embedded", r"smollm2-135m", replace(_SPINE, is_demo=True)),
    (None, r"gemma-?[23]n?[:-]?(4b|9b|12b|27b|e4b|latest|$)", _MULTILINGUAL),
    (None, r"(aya|command-[ra]|dictalm|mistral-small|llama-?3\.3|llama-?4)", _MULTILINGUAL),
    (None, r"qwen-?3.*?(8b|14b|30b|32b|235b|latest|$)", _MULTILINGUAL),
    (None, r"(gpt-[45]|o[34]|claude|gemini)", _MULTILINGUAL),
)


def profile_of(
    provider: Provider, name: str, context_tokens: int, *, billions: float | None = None
) -> ModelProfile:
    """What a model can be asked for; `billions` is its size in parameters, where that is known."""
    ability = _ability(provider, name, billions)
    return ModelProfile(
        name=name,
        context_tokens=context_tokens,
        languages=codes(ability.writes_as),
        writing=ability.writing,
        judges=ability.judges,
        structures=ability.structures,
        is_demo=ability.is_demo,
    )


def _ability(provider: Provider, name: str, billions: float | None) -> _Ability:
    bare = name.rsplit("/", 1)[-1].lower()
    for of_provider, pattern, ability in _ABILITIES:
        if of_provider in {None, provider} and re.match(pattern, bare):
            return ability
    size = billions_in(bare) if billions is None else billions
    if size is None or size >= 3:
        return _PROSE
    return _BEATS if size >= 1 else _SPINE


def billions_in(text: str) -> float | None:
    """The size in a model's name or description: 1.5 for "1.5b", 0.135 for "135M"."""
    found = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)([bm])\b", text.lower())
    if found is None:
        return None
    return float(found[1]) / (1 if found[2] == "b" else 1000)
