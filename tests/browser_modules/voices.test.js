/* The choice of a voice on the devices that there are; and voices that come late. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  chooseVoice,
  labelOf,
  voicesFor,
  watchVoices,
} from "../../stories/static/stories/reader/voices.js";
import { DEVICES } from "./devices.js";
import { HandClock } from "./scripted-speech.js";

/** @typedef {import("./devices.js").DeviceVoice} DeviceVoice */

/** @type {[device: keyof typeof DEVICES, story: string, tags: string[], voice: string | undefined][]} */
const CHOICES = [
  ["ANDROID", "en", ["en-US"], "English United States en_US"],
  ["ANDROID", "en", ["de", "en-GB", "en-US"], "English United Kingdom en_GB"],
  ["ANDROID", "en", ["de-DE"], "English Australia en_AU"],
  ["ANDROID", "en-GB", ["en-US"], "English United Kingdom en_GB"],
  ["ANDROID", "es", ["es-US", "en-US"], "Spanish United States es_US"],
  ["ANDROID", "he", ["he-IL"], "Hebrew Israel iw_IL"],
  ["ANDROID", "id", ["en-US"], "Indonesian Indonesia in_ID"],
  ["ANDROID", "fr", ["fr-FR"], undefined],
  ["ANDROID_FIREFOX", "en", ["en-US"], "English eng-USA"],
  ["ANDROID_FIREFOX", "es", ["es-MX"], "español spa-ESP"],
  ["ANDROID_FIREFOX", "he", [], "עברית heb-ISR"],
  ["IOS", "en", ["en-US"], "Samantha en-US"],
  ["IOS", "en", ["en-GB"], "Daniel en-GB"],
  ["IOS", "es", ["es-MX"], "Paulina es-MX"],
  ["IOS", "es", ["en-US"], "Mónica es-ES"],
  ["IOS", "he", ["en-US"], "Carmit he-IL"],
  ["MACOS", "en", ["en-US"], "Samantha en-US"],
  ["MACOS", "en", ["he-IL"], "Samantha en-US"],
  ["MACOS", "en", ["en-AU"], "Samantha en-US"],
  ["MACOS", "en", ["en-GB"], "Daniel (English (United Kingdom)) en-GB"],
  ["MACOS", "es", ["es-MX"], "Paulina es-MX"],
  ["MACOS", "es", ["es"], "Mónica es-ES"],
  ["WINDOWS", "es", ["es-MX"], "Microsoft Sabina - Spanish (Mexico) es-MX"],
  ["WINDOWS", "es", ["es-AR"], "Microsoft Helena - Spanish (Spain) es-ES"],
  ["WINDOWS", "es-MX", ["es-ES"], "Microsoft Sabina - Spanish (Mexico) es-MX"],
  ["WINDOWS", "en", ["en-GB"], "Microsoft David - English (United States) en-US"],
  ["WINDOWS", "he", ["he"], "Microsoft Asaf - Hebrew (Israel) he-IL"],
  ["LINUX", "en", ["en-US"], "English (America) en-US"],
  ["LINUX", "es", ["es-419"], "Spanish (Latin America) es-419"],
  ["LINUX", "es", ["es-ES"], "Spanish (Spain) es"],
  ["LINUX", "he", ["he"], undefined],
  ["CHROMEOS", "en", ["en-US"], undefined],
];

for (const [device, language, tags, voice] of CHOICES) {
  test(`${device}: a story in ${language} for ${tags} is read by ${voice}`, () => {
    const found = chooseVoice(voicesFor(DEVICES[device], language), { language, tags });
    assert.equal(found && `${found.name} ${found.lang}`, voice);
  });
}

test("a voice that was chosen is kept by its address, not by its name", () => {
  const voices = voicesFor(DEVICES.IOS, "en");
  const reader = { language: "en", tags: ["en-US"], chosen: "com.apple.eloquence.en-GB.Eddy" };
  const found = chooseVoice(voices, reader);
  assert.deepEqual([found?.name, found?.lang], ["Eddy", "en-GB"]);
});

test("a voice that was chosen and has gone is no voice", () => {
  const reader = { language: "en", tags: ["en-US"], chosen: "com.apple.voice.gone" };
  assert.equal(chooseVoice(voicesFor(DEVICES.IOS, "en"), reader)?.name, "Samantha");
});

test("a chosen voice from elsewhere does not read", () => {
  const reader = { language: "en", tags: ["en-US"], chosen: "Google US English" };
  assert.equal(chooseVoice(voicesFor(DEVICES.MACOS, "en"), reader)?.name, "Samantha");
});

test("a browser that does not say where its voices are is taken for the device", () => {
  const voices = DEVICES.WINDOWS.map(
    ({ localService: _, ...voice }) => /** @type {DeviceVoice} */ (voice),
  );
  assert.equal(voicesFor(voices, "he").length, 1);
});

test("the region is told where two voices have one name", () => {
  const voices = voicesFor(DEVICES.IOS, "en");
  const labels = voices.map((voice) => labelOf(voice, voices, "en"));
  assert.deepEqual(labels, ["Eddy (United Kingdom)", "Eddy (United States)", "Daniel", "Samantha"]);
});

/** An engine whose voices come after some looks, or when it says so. */
function lateEngine(/** @type {number} */ looks) {
  let left = looks;
  let change = () => {};
  return {
    getVoices: () => /** @type {any} */ (left-- > 0 ? [] : DEVICES.ANDROID),
    addEventListener: (/** @type {string} */ _, /** @type {any} */ run) => {
      change = run;
    },
    change: () => change(),
  };
}

/** @type {[looks: number, ms: number, times: number][]} */
const LATE = [
  [0, 0, 1],
  [1, 99, 0],
  [1, 100, 1],
  [3, 2000, 1],
  [1000, 7499, 0],
  [1000, 7500, 1],
  [1000, 60_000, 1],
];

for (const [looks, ms, times] of LATE) {
  test(`of voices that come at look ${looks} is told ${times} times within ${ms} ms`, () => {
    const clock = new HandClock();
    let told = 0;
    watchVoices(lateEngine(looks), clock, () => {
      told += 1;
    });
    clock.turn(ms);
    assert.equal(told, times);
  });
}

test("voices that change are told of whenever they do", () => {
  const clock = new HandClock();
  const engine = lateEngine(1000);
  let told = 0;
  watchVoices(engine, clock, () => {
    told += 1;
  });
  clock.turn(60_000);
  engine.change();
  engine.change();
  assert.equal(told, 3);
});
