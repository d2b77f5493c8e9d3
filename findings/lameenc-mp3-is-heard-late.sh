#!/usr/bin/env bash
# MP3 written by lameenc is heard 46 ms late at 24 kHz: it has no Xing or LAME header, which is where a
# decoder reads how many samples of the encoder's own stand in front, so all 1105 of them are played, and
# more at the end. libsndfile's MP3, by the same LAME, has the header and is sample-exact. Whoever
# marks words by the time of what is heard, or joins one file a sentence, has to write by the latter or
# to shift by the former. Seen with lameenc 1.9.0 and soundfile 0.14.0, Python 3.11.
set -euo pipefail

folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    lameenc==1.9.0 soundfile==0.14.0 numpy==2.4.0

cat >"$folder/try.py" <<'PYTHON'
import io

import lameenc
import numpy
import soundfile

RATE, CLICK = 24_000, 12_000
sound = numpy.zeros(RATE, dtype=numpy.int16)
sound[CLICK : CLICK + 24] = 20_000

encoder = lameenc.Encoder()
encoder.set_in_sample_rate(RATE)
encoder.set_channels(1)
encoder.set_bit_rate(64)
encoder.silence()
by_lameenc = bytes(encoder.encode(sound.tobytes()) + encoder.flush())

buffer = io.BytesIO()
soundfile.write(buffer, sound, RATE, format="MP3")
by_libsndfile = buffer.getvalue()


def heard(mp3):
    """Samples by which the click is late, the length, and whether the header is there."""
    samples, _ = soundfile.read(io.BytesIO(mp3))
    late = int(numpy.argmax(numpy.abs(samples))) - CLICK
    return late, len(samples), any(mark in mp3[:400] for mark in (b"Xing", b"Info"))


for name, mp3 in (("lameenc", by_lameenc), ("libsndfile", by_libsndfile)):
    late, length, has_header = heard(mp3)
    print(f"{name}: {late / RATE * 1000:.0f} ms late, {length} of {RATE} samples, header: {has_header}")

late, length, has_header = heard(by_lameenc)
assert 1_050 <= late <= 1_160 and length > RATE and not has_header, "lameenc's file has changed"
late, length, has_header = heard(by_libsndfile)
assert abs(late) <= 40 and length == RATE and has_header, "libsndfile's file has changed"
print("As described.")
PYTHON
"$folder/venv/bin/python" "$folder/try.py"
