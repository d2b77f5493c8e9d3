"""Speech of a device, for the browser: it says nothing until it is told that it has."""

_VOICES = """
  const voices = [
    { name: "Elsewhere", lang: "LANGUAGE-IL", localService: false },
    { name: "First", lang: "LANGUAGE", localService: true },
    { name: "Here", lang: "OLD_IL", localService: true, default: true },
  ].map((voice) => ({ voiceURI: `urn:${voice.name}`, ...voice }));
  window.SpeechSynthesisUtterance = class extends EventTarget {
    constructor(text) { super(); this.text = text; }
  };
  const speech = {
    getVoices: () => voices, addEventListener() {}, speaking: false, pending: false,
    cancel() { this.pending = this.speaking = false; },
    speak(words) {
      window.saying = words;
      if (window.isMute) this.pending = true;
      else queueMicrotask(() => words.dispatchEvent(new Event("start")));
    },
  };
  Object.defineProperty(window, "speechSynthesis", { value: speech });
"""


def speech(language: str, old_code: str = "") -> str:
    """A script with three voices for a language, one of them elsewhere, one by an old code as
    Android has it."""
    return _VOICES.replace("OLD", old_code or language).replace("LANGUAGE", language)


# In a language that this server has no voice for.
SPEECH = speech("he", "iw")
