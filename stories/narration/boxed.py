"""The voice in the box: hibari, a voice for English that lies inside its package.

Its network computes a duration for each phoneme. It is loaded with these as one more output, so
that the time of every word is known and not guessed. hibari can fetch other voices by itself:
nothing here asks for one, and the process could not (`process.stay_offline`).
"""

from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, NamedTuple

import hibari
import numpy as np
from hibari import dsp
from hibari.g2p.normalize import normalize

from .speech import Speech
from .words import Said, word_times

_DURATIONS = "/Clip_output_0"
# The fields of ONNX's protocol buffers: a model's graph, a graph's outputs, an output's name.
_GRAPH, _OUTPUT, _NAME = 7, 12, 1
_BYTES = 2
# A sentence is said in parts of so many phonemes, divided behind a mark if there is one.
_MAX_PHONEMES, _ENOUGH_PHONEMES = 380, 250
_MARKS = ';:,.!?—…"()“” '
# The voice is silent for nearly half a second before it begins; so much of that is left.
_SILENCE_SECONDS = 0.06
# Sounds come so much before the durations say, measured at pauses: 30 to 80 ms.
_AHEAD_SECONDS = 0.05
# Brackets are hibari's own notation for phonemes.
_BRACKETS = str.maketrans("[]", "()")


class _Spoken(NamedTuple):
    """A word as the voice reads it, with the marks around it."""

    text: str
    phonemes: str


class BoxedVoice:
    def __init__(self) -> None:
        model = resources.files("hibari").joinpath("assets/hibari.onnx").read_bytes()
        self._voice: Any = hibari.Hibari(model=with_output(model, _DURATIONS))

    def say(self, text: str, speed: float) -> Speech:
        """`speed` 1 is the voice's own pace."""
        samples: list[Any] = [np.zeros(0, np.float32)]
        said: list[Said] = []
        seconds = 0.0
        for part in self._parts(text.translate(_BRACKETS)):
            heard, times = self._say_part(part, speed)
            said += [Said(word, begins + seconds, ends + seconds) for word, begins, ends in times]
            samples.append(heard)
            seconds += len(heard) / dsp.SR
        return Speech(np.concatenate(samples), dsp.SR, word_times(text, said))

    def _parts(self, text: str) -> Iterator[list[_Spoken]]:
        """Sentences, and pieces of long ones."""
        for sentence in self._voice.split_sentences(text):
            part: list[_Spoken] = []
            count = 0
            for word in self._spoken(sentence):
                part.append(word)
                count += len(word.phonemes) + 1
                if count > (_ENOUGH_PHONEMES if word.phonemes[-1] in _MARKS else _MAX_PHONEMES):
                    yield part
                    part, count = [], 0
            if part:
                yield part

    def _spoken(self, sentence: str) -> Iterator[_Spoken]:
        g2p = self._voice.g2p
        text = phonemes = ""
        for token in g2p.phonemize_tokens(g2p.tokenize(normalize(sentence))):
            text += token.text
            phonemes += "".join(sound for sound in token.phonemes or "" if sound in self._sounds)
            if token.whitespace:
                if phonemes:
                    yield _Spoken(text, phonemes)
                text = phonemes = ""
        if phonemes:
            yield _Spoken(text, phonemes)

    @property
    def _sounds(self) -> dict[str, int]:
        known: dict[str, int] = self._voice.vocab
        return known

    def _say_part(self, part: Sequence[_Spoken], speed: float) -> tuple[Any, list[Said]]:
        ids = self._voice.ids(" ".join(word.phonemes for word in part))
        samples, ends = self._run(ids, speed)
        cut = max(0.0, ends[0] - _AHEAD_SECONDS - _SILENCE_SECONDS)
        sooner = cut + _AHEAD_SECONDS
        said = []
        at = 1  # behind the silence before the first sound
        for text, phonemes in part:
            begin = at + len(phonemes) - len(phonemes.lstrip(_MARKS))
            end = at + len(phonemes.rstrip(_MARKS))
            if begin < end:
                said.append(Said(text, ends[begin - 1] - sooner, ends[end - 1] - sooner))
            at += len(phonemes) + 1
        return samples[round(cut * dsp.SR) :], said

    def _run(self, ids: list[int], speed: float) -> tuple[Any, list[float]]:
        """The samples, and the second at which each sound ends."""
        given = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        *spectrum, durations = self._voice.sess.run(None, given)
        # Of a seed, so that a sentence sounds the same whenever it is made.
        samples = dsp.synth(*(part[0] for part in spectrum), np.random.default_rng(0))
        units = durations.reshape(-1)
        second = len(samples) / dsp.SR / float(units.sum())
        return samples, [float(end) * second for end in np.cumsum(units)]


def with_output(model: bytes, name: str) -> bytes:
    """A serialized ONNX model that also gives out the tensor of this name.

    Protocol buffers merge what is appended to them: a graph with nothing but one more output.
    """
    return model + _field(_GRAPH, _field(_OUTPUT, _field(_NAME, name.encode())))


def _field(number: int, content: bytes) -> bytes:
    if len(content) > 127:
        raise ValueError("a length of one byte goes no further")
    return bytes([number << 3 | _BYTES, len(content)]) + content
