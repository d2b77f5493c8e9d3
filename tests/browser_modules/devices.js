/* Voices as systems list them, shortened: name, tag, and what else is not usual. */

/**
 * @typedef {import("../../stories/static/stories/reader/voices.js").DeviceVoice} DeviceVoice
 * @typedef {[name: string, lang: string, other?: Partial<DeviceVoice>]} Row
 */

const DEFAULT = { default: true };
const REMOTE = { localService: false };

/** @param {Row[]} rows */
const list = (...rows) =>
  rows.map(([name, lang, other]) => ({
    name,
    lang,
    voiceURI: name,
    default: false,
    localService: true,
    ...other,
  }));

const GOOGLE = list(
  ["Google US English", "en-US", REMOTE],
  ["Google UK English Female", "en-GB", REMOTE],
  ["Google español", "es-ES", REMOTE],
);

const apple = (/** @type {string} */ id) => ({ voiceURI: `com.apple.${id}` });

/** Names no default voice; underscores, and Hebrew by its old code. */
const ANDROID = list(
  ["German Germany", "de_DE"],
  ["English Australia", "en_AU"],
  ["English United States", "en_US"],
  ["English United Kingdom", "en_GB"],
  ["Spanish Spain", "es_ES"],
  ["Spanish United States", "es_US"],
  ["Hebrew Israel", "iw_IL"],
  ["Indonesian Indonesia", "in_ID"],
);

/** Firefox there, with tags of three letters. */
const ANDROID_FIREFOX = list(["English", "eng-USA"], ["español", "spa-ESP"], ["עברית", "heb-ISR"]);

/** A default for each language, one name for several regions, and characters before the rest. */
const IOS = list(
  ["Eddy", "en-GB", apple("eloquence.en-GB.Eddy")],
  ["Eddy", "en-US", apple("eloquence.en-US.Eddy")],
  ["Daniel", "en-GB", apple("voice.compact.en-GB.Daniel")],
  ["Samantha", "en-US", { ...DEFAULT, ...apple("voice.compact.en-US.Samantha") }],
  ["Eddy", "es-MX", apple("eloquence.es-MX.Eddy")],
  ["Mónica", "es-ES", { ...DEFAULT, ...apple("voice.compact.es-ES.Monica") }],
  ["Paulina", "es-MX", apple("voice.compact.es-MX.Paulina")],
  ["Carmit", "he-IL", { ...DEFAULT, ...apple("voice.compact.he-IL.Carmit") }],
);

/** Chrome there, with one default for all, and names as addresses. */
const MACOS = [
  ...list(
    ["Albert", "en-US"],
    ["Bad News", "en-US"],
    ["Bahh", "en-US"],
    ["Samantha", "en-US", DEFAULT],
    ["Daniel (English (United Kingdom))", "en-GB"],
    ["Eddy (Spanish (Mexico))", "es-MX"],
    ["Flo (Spanish (Spain))", "es-ES"],
    ["Mónica", "es-ES"],
    ["Paulina", "es-MX"],
    ["Carmit", "he-IL"],
  ),
  ...GOOGLE,
];

const WINDOWS = [
  ...list(
    ["Microsoft Helena - Spanish (Spain)", "es-ES", DEFAULT],
    ["Microsoft Sabina - Spanish (Mexico)", "es-MX"],
    ["Microsoft David - English (United States)", "en-US"],
    ["Microsoft Asaf - Hebrew (Israel)", "he-IL"],
  ),
  ...GOOGLE,
];

/** Firefox with speech-dispatcher and espeak. */
const LINUX = list(
  [
    "English (Caribbean)",
    "en-029",
    { voiceURI: "urn:moz-tts:speechd:English%20(Caribbean)?en-029" },
  ],
  ["English (Great Britain)", "en-GB", { voiceURI: "urn:moz-tts:speechd:English?en-GB" }],
  ["English (Received Pronunciation)", "en-GB-x-RP", { voiceURI: "urn:moz-tts:speechd:RP?en" }],
  ["English (America)", "en-US", { voiceURI: "urn:moz-tts:speechd:English%20(America)?en-US" }],
  ["Spanish (Spain)", "es", { voiceURI: "urn:moz-tts:speechd:Spanish?es" }],
  ["Spanish (Latin America)", "es-419", { voiceURI: "urn:moz-tts:speechd:Spanish?es-419" }],
);

/** Voices from elsewhere alone, as Chromium without speech-dispatcher has, too. */
const CHROMEOS = GOOGLE;

export const DEVICES = { ANDROID, ANDROID_FIREFOX, IOS, MACOS, WINDOWS, LINUX, CHROMEOS };
