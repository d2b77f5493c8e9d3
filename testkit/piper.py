"""A stand-in for the `piper` command: the same options and lines, and a tone for each word.

`python -m testkit.piper --model FILE --output_dir FOLDER` reads a sentence a line, writes a WAV
file for each, and names it on stderr, as Piper does.
"""

import argparse
import logging
import math
import struct
import sys
import time
import wave
from pathlib import Path

RATE = 22050
WORD_SECONDS = 0.25
TONE_HERTZ = 220

logger = logging.getLogger("piper")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-m", "--model", required=True, type=Path)
    parser.add_argument("-d", "--output-dir", "--output_dir", required=True, type=Path)
    parser.add_argument("--length-scale", "--length_scale", type=float, default=1.0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    if not options.model.exists():
        raise SystemExit(f"Unable to find voice: {options.model}")
    for line in sys.stdin:
        if line.strip():
            file = options.output_dir / f"{time.monotonic_ns()}.wav"
            write(file, len(line.split()) * WORD_SECONDS * options.length_scale)
            logger.info("Wrote %s", file)


def write(file: Path, seconds: float) -> None:
    tone = (math.sin(math.tau * TONE_HERTZ * n / RATE) for n in range(round(seconds * RATE)))
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, RATE, 0, "NONE", ""))
        wav.writeframes(b"".join(struct.pack("<h", round(10_000 * level)) for level in tone))


if __name__ == "__main__":
    main()
