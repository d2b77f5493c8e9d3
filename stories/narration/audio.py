"""Audio files: MP3, which every browser plays, and EPUB readers too.

Encoded by libsndfile, which writes how many samples its encoder put in front: players leave these
out, and the words' times hold to the sample. Some encoders do not, and are 46 ms late.
"""

import io
from pathlib import Path
from typing import Any

import soundfile


def encoded(samples: Any, rate: int) -> bytes:
    """One channel of samples in [-1, 1]; about 7 kB a second."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="MP3", subtype="MPEG_LAYER_III")
    return buffer.getvalue()


def read(file: Path) -> tuple[Any, int]:
    """Samples of an audio file of any kind, and how many there are to a second."""
    samples, rate = soundfile.read(file, dtype="float32")
    return samples, rate
