/* Each new sentence is said once, as soon as it is whole. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Heard } from "../../stories/static/stories/reader/heard.js";

function listener(language = "en") {
  /** @type {string[]} */
  const said = [];
  return { said, heard: new Heard(language, (sentence) => said.push(sentence)) };
}

test("words are said once their sentence is whole", () => {
  const { said, heard } = listener();
  for (const chunk of ["The fox ", "ran", ".", " The owl", " slept.\n\n", "Morning came."]) {
    heard.append(chunk);
  }
  assert.deepEqual(said, ["The fox ran.", "The owl slept.", "Morning came."]);
});

test("text that stood on the page before is not said", () => {
  const { said, heard } = listener();
  heard.begin("The fox ran. The owl ");
  heard.append("slept.");
  assert.deepEqual(said, ["The owl slept."]);
});

test("a sentence that goes on after its end is not said again from its beginning", () => {
  const { said, heard } = listener();
  heard.append("“Stop!”");
  heard.append(" said the fox. The owl stopped.");
  assert.deepEqual(said, ["“Stop!”", "said the fox.", "The owl stopped."]);
});

test("what stays when the text is put right is not said again", () => {
  const { said, heard } = listener();
  heard.append("The fox ran. The wolf bit. ");
  heard.become("The fox ran. ");
  heard.append("The wolf sang.");
  assert.deepEqual(said, ["The fox ran.", "The wolf bit.", "The wolf sang."]);
});

test("another version of a chapter is said from its beginning", () => {
  const { said, heard } = listener();
  heard.append("The fox ran. ");
  heard.become("");
  heard.append("The fox ran. The owl slept.");
  assert.deepEqual(said, ["The fox ran.", "The fox ran.", "The owl slept."]);
});

test("a line that comes back is said each time, and one without an end when no more comes", () => {
  const { said, heard } = listener();
  heard.append("One, two. One, two. And then");
  heard.end();
  heard.end();
  assert.deepEqual(said, ["One, two.", "One, two.", "And then"]);
});

test("a mark between scenes is not said", () => {
  const { said, heard } = listener();
  heard.append("The fox ran.\n\n* * *\n\nThe owl slept.");
  heard.end();
  assert.deepEqual(said, ["The fox ran.", "The owl slept."]);
});
