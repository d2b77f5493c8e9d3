"""The conversation with a model, only ever added to: a host that has evaluated the beginning of a
conversation need not do so again."""

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from stories.workflow.prompts.request import GO_ON


class Conversation:
    """A chapter's talk with the model, after its `start`. `request` stands before the first turn's
    instruction."""

    def __init__(self, start: list[BaseMessage], request: str) -> None:
        self._messages = list(start)
        self._request = request

    def messages(self, instruction: str, written: str, note: str) -> list[BaseMessage]:
        """The turn's prompt, where `written` of its answer is already approved."""
        task = self._with_request(instruction)
        if not written:
            return [*self._messages, HumanMessage(_joined(task, note))]
        return [
            *self._messages,
            HumanMessage(task),
            AIMessage(written),
            HumanMessage(_joined(GO_ON, note)),
        ]

    def close(self, instruction: str, written: str) -> None:
        """The turn is over and `written` is what came of it."""
        if written:
            answered = [HumanMessage(self._with_request(instruction)), AIMessage(written)]
            self._messages += answered
            self._request = ""

    def tell(self, text: str) -> None:
        """Something that the next turn's instruction follows."""
        self._request = self._with_request(text)

    def _with_request(self, instruction: str) -> str:
        return _joined(self._request, instruction)


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))
