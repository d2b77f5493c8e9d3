#!/usr/bin/env bash
# A reader that closes `astream` early, because it has all it wants, is an *error* to LangChain's
# callbacks: `on_llm_error` is called with GeneratorExit, `on_llm_end` never is, and what was used up
# to then is in no `usage_metadata`. Whoever counts tokens in `on_llm_end` counts such calls as none.
# The text is there all the same: as `response` among the keywords of `on_llm_error`.
# Seen with langchain-core 1.7.2, Python 3.11.
set -euo pipefail

folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check langchain-core==1.7.2

"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
from contextlib import aclosing

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

heard = []


class Listener(AsyncCallbackHandler):
    async def on_llm_end(self, response, **kwargs):
        heard.append(("end", None, None))

    async def on_llm_error(self, error, **kwargs):
        message = kwargs["response"].generations[0][0].message
        heard.append(("error", type(error).__name__, (message.text, message.usage_metadata)))


def model():
    text = "The fox put the lantern on the step and smiled."
    answer = AIMessage(text, usage_metadata={"input_tokens": 9, "output_tokens": 11, "total_tokens": 20})
    return GenericFakeChatModel(messages=iter([answer]), callbacks=[Listener()])


async def main():
    async with aclosing(model().astream("Tell a story")) as chunks:
        async for chunk in chunks:
            if "lantern" in chunk.text:
                break
    closed = heard.pop()
    async for _ in model().astream("Tell a story"):
        pass
    return closed, heard.pop()


closed, whole = asyncio.run(main())
print("closed early:", closed)
print("read to the end:", whole)
assert closed[:2] == ("error", "GeneratorExit"), closed
assert closed[2][0].startswith("The fox put the lantern"), closed
assert closed[2][1] is None, closed
assert whole[0] == "end", whole
print("As described.")
PYTHON
