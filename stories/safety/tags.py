# ruff: noqa: RUF001 - the bars of chat templates are meant
"""Tags in a model's raw output: its thoughts, the tokens of its chat template, and markup.

One of the filters of `cleaning`, which come one character at a time.
"""

import re

# Stands for "what was not shown yet was no story": no raw character reaches the filters as this.
DISCARD = "\x00"

_THOUGHTS = frozenset(
    {"think", "thinking", "thought", "thoughts", "reasoning", "reflection", "scratchpad"}
)
_TURN_ENDS = frozenset(
    {"im_end", "endoftext", "eot_id", "end_of_turn", "end", "eos", "s", "end_of_text", "inst"}
    | {"im_start", "start_of_turn", "start_header_id", "user", "end▁of▁sentence"}
)
# gpt-oss names the channel of each part of its answer, and only the final one is meant for others:
# `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…`. Some hosts
# leave the words without the marks: `analysis…assistantfinal…`.
_HEADER_TAGS = frozenset({"start", "channel"})
_FINAL = "final"
_MAX_HEADER_CHARS = 40
_UNMARKED_START, _UNMARKED_FINAL = "analysis", "assistantfinal"
_BREAKING_TAGS = frozenset({"br", "p", "div", "hr", "li"})
# Bounded, so that a lone "<" holds up no more than a few words.
_MAY_BE_TAG = re.compile(
    r"<{1,2}(?:[/|｜!?][^<>\n]{0,64}|[A-Za-z][^<>\n]{0,64})?|<<[^<>\n]{1,64}>|\[/?[A-Z]{0,5}"
)
_IS_TAG = re.compile(r"<[^<>\n]+>|<<[^<>\n]+>>|\[/?(?:INST|SYS|BOS|EOS|END)\]")
_TAG_NAME = re.compile(r"[^<>\[\]/|｜!?\s]+")


class TagFilter:
    """Drops tags, the text inside thought tags and in channels for thoughts, and everything after
    the end of the turn."""

    def __init__(self) -> None:
        self._held = ""
        self._thoughts_open = 0
        self._has_text = False
        self._is_over = False
        self._header: str | None = None
        self._opening = self._last_thought = ""

    def push(self, char: str) -> str:
        if self._is_over:
            return ""
        if not self._held and char not in "<[":
            return self._text(char)
        self._held += char
        if _IS_TAG.fullmatch(self._held):
            tag, self._held = self._held, ""
            return self._tag(tag)
        return "" if _MAY_BE_TAG.fullmatch(self._held) else self._give_up()

    def _text(self, char: str) -> str:
        if self._header is not None:
            return self._of_header(char)
        if self._thoughts_open:
            return self._of_thought(char)
        text = char if self._has_text else self._of_opening(char)
        self._has_text = self._has_text or bool(text.strip())
        return text

    def _of_header(self, char: str) -> str:
        self._header = f"{self._header}{char}"
        if len(self._header) > _MAX_HEADER_CHARS:
            self._header = None
        return ""

    def _of_thought(self, char: str) -> str:
        self._last_thought = (self._last_thought + char)[-len(_UNMARKED_FINAL) :]
        if self._last_thought != _UNMARKED_FINAL:
            return ""
        self._thoughts_open = 0
        return DISCARD

    def _of_opening(self, char: str) -> str:
        """The text at the beginning of an answer, held back while it may name a channel."""
        opening, self._opening = self._opening + char, ""
        if _UNMARKED_START.startswith(opening.lstrip()):
            self._opening = opening
            return ""
        if opening.lstrip()[:-1] == _UNMARKED_START and char.isupper():
            self._thoughts_open = 1
            return ""
        return opening

    def _give_up(self) -> str:
        # No tag; but one may begin at any of the later characters.
        held, self._held = self._held, ""
        return self._text(held[0]) + "".join(self.push(char) for char in held[1:])

    def _tag(self, tag: str) -> str:
        match = _TAG_NAME.search(tag)
        name = match[0].lower() if match else ""
        if name in _THOUGHTS:
            return self._thought("/" in tag[:3])
        if name in _HEADER_TAGS:
            self._header = ""
            return ""
        if name == "message" and self._header is not None:
            return self._channel(self._header.strip())
        # [/INST] ends the user's turn, and the answer follows. Before any text, other tokens are an
        # echo of the chat template.
        is_turn_end = name in _TURN_ENDS and tag != "[/INST]"
        if is_turn_end and self._has_text and not self._thoughts_open:
            self._is_over = True
        return self._text("\n") if name in _BREAKING_TAGS else ""

    def _channel(self, name: str) -> str:
        self._header = None
        self._thoughts_open = 0 if name == _FINAL else 1
        return DISCARD if name == _FINAL else ""

    def _thought(self, is_closing: bool) -> str:
        if not is_closing:
            self._thoughts_open += 1
        elif self._thoughts_open:
            self._thoughts_open -= 1
        else:
            # The template opened the thoughts within the prompt: all text so far was one.
            return DISCARD
        return ""
