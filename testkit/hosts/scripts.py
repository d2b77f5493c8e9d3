"""Scripts: the reply that is next for a call of some kind, or the storyteller's own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from testkit import storyteller

from .calls import Call, Kind
from .replies import Reply

Answer = str | Mapping[str, Any] | Reply | None
Script = Answer | Callable[[Call], Answer] | list[Answer | Callable[[Call], Answer]]


def in_turn(*answers: Answer) -> Callable[[Call], Answer]:
    """Each of these once, and the last one for every call that follows."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class Scripts:
    """A script for each kind of call; what is not scripted, the storyteller says."""

    def __init__(self) -> None:
        self._scripts: dict[Kind, Script] = {}
        self._offered: list[str] = []  # choices, which a later chapter goes on from

    def replace(self, given: Mapping[Kind, Script]) -> None:
        """All but those that are None."""
        for kind, script in given.items():
            if script is not None:
                self._scripts[kind] = list(script) if isinstance(script, list) else script

    @property
    def unused(self) -> dict[Kind, int]:
        """How many answers are left of those that are for one call each."""
        return {
            kind: len(script)
            for kind, script in self._scripts.items()
            if isinstance(script, list) and script
        }

    def reply_to(self, call: Call) -> Reply:
        answer = self._next_answer(call)
        reply = answer if isinstance(answer, Reply) else Reply(self._text(call, answer))
        if reply.text is None and reply.tokens is None:
            reply = replace(reply, text=self._text(call, None))
        return reply

    def _next_answer(self, call: Call) -> Answer:
        script = self._scripts.get(call.kind)
        if isinstance(script, list):
            script = script.pop(0) if script else None
        return script(call) if callable(script) else script

    def _text(self, call: Call, answer: str | Mapping[str, Any] | None) -> str:
        if isinstance(answer, str):
            return answer
        if call.kind == "prose":
            return storyteller.chapter(call.prompt, self._offered)
        if call.kind == "rewording" or (call.kind == "trial" and not call.schema):
            return storyteller.sentence(call.prompt)
        if call.kind == "guard" and not call.schema:
            return storyteller.harmless(call.model)
        return json.dumps(self._conforming(call, answer or {}), ensure_ascii=False)

    def _conforming(self, call: Call, fields: Mapping[str, Any]) -> Any:
        """An answer that satisfies the call's schema, with these fields as far as it has them."""
        schema = call.schema or {"type": "object"}
        value = storyteller.conforming(schema, call.prompt)
        if isinstance(value, dict):
            known = schema.get("properties", {})
            value |= {key: part for key, part in fields.items() if key in known}
            self._remember_choices(value)
        return value

    def _remember_choices(self, value: dict[str, Any]) -> None:
        for choice in value.get("choices") or []:
            text = choice.get("text") if isinstance(choice, dict) else choice
            if isinstance(text, str) and text:
                self._offered.append(text)
