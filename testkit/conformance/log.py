"""Rules of a generation's log as a whole, by the stream contract."""

from collections.abc import Collection, Sequence

from testkit.conformance.wire import Broken, Frame, must

_FIRST = {"chapter_number", "theme", "generation_id", "session_id"}
_KEYS = {
    "node_event": {"node", "status"},
    "content": {"chunk", "is_complete"},
    "content_reset": {"attempt", "reason"},
    "progress": {"percent", "stage", "eta_seconds"},
    "queue": {"position", "eta_seconds"},
    "safety_check": {"approved", "score", "issues"},
    "metadata": {
        "estimated_reading_time",
        "vocabulary_level",
        "educational_elements",
        "word_count",
        "requested_level",
        "vocabulary_words",
    },
    "complete": {
        "id",
        "success",
        "title",
        "content",
        "story_content",
        "choices",
        "choice_question",
        "language",
        "readingLevel",
        "theme",
        "educational_elements",
        "estimated_reading_time",
        "safety_score",
        "content_approved",
        "vocabulary_level",
        "isCompleted",
        "currentChapter",
        "totalChapters",
        "createdAt",
        "session_id",
        "generation_id",
    },
    "error": {"message", "code", "retryable"},
}
CODES = frozenset(
    {
        "SAFETY_REJECTED",
        "CHECK_FAILED",
        "MODEL_UNAVAILABLE",
        "MODEL_REFUSED",
        "MODEL_TIMEOUT",
        "EMPTY_CONTENT",
        "TOO_SHORT",
        "DECLINED",
        "CONTEXT_TOO_LONG",
        "CANCELLED",
        "INTERRUPTED",
        "WORKFLOW_ERROR",
    }
)
# The order of events; `progress` may stand anywhere, and an `error` may end a log at any point.
_FOLLOWS = {
    "": {"workflow started"},
    "workflow started": {"queue", "generate_content started"},
    "queue": {"queue", "generate_content started"},
    "generate_content started": {"content"},
    "content": {"content", "generate_content completed", "enhance_content completed"},
    "generate_content completed": {"safety_check started"},
    "safety_check started": {"safety_check"},
    "safety_check": {"safety_check completed"},
    "safety_check completed": {"enhance_content started", "calculate_metrics started"},
    "enhance_content started": {"content_reset"},
    "content_reset": {"content"},
    "enhance_content completed": {"safety_check started"},
    "calculate_metrics started": {"metadata"},
    "metadata": {"calculate_metrics completed"},
    "calculate_metrics completed": {"workflow completed"},
    "workflow completed": {"complete"},
}


def text_of(frames: Sequence[Frame]) -> str:
    """The text that a reader shows after these frames."""
    chunks: list[str] = []
    for frame in frames:
        if frame.type == "content_reset":
            chunks.clear()
        elif frame.type == "content":
            chunks.append(frame.data["chunk"])
    return "".join(chunks)


def withdrawn_in(log: Sequence[Frame]) -> set[str]:
    """The ids of the text that a later reset of the log withdraws."""
    resets = [at for at, frame in enumerate(log) if frame.type == "content_reset"]
    before = log[: resets[-1]] if resets else []
    return {frame.id for frame in before if frame.type == "content"}


def is_same(one: Frame, other: Frame, withdrawn: Collection[str]) -> bool:
    """True when both are one event: byte for byte, or, of text that was withdrawn, the one as it
    was told before that and the other as it is told since, with an empty chunk."""
    if one.raw == other.raw:
        return True
    if one.id != other.id or one.type != other.type or one.id not in withdrawn:
        return False
    return "" in (one.data["chunk"], other.data["chunk"]) and (
        {**one.data, "chunk": ""} == {**other.data, "chunk": ""}
    )


def check_log(log: Sequence[Frame]) -> None:
    """Raises Broken where a whole log, as it is told after its end, is not one that the contract
    allows."""
    must(log, "the log is empty")
    must(
        [f for f in log if f.is_terminal] == [log[-1]], "not exactly one terminal event, at the end"
    )
    must(all(frame.id for frame in log), "an event without a cursor")
    must(len({frame.id for frame in log}) == len(log), "a cursor stands twice")
    _check_keys(log)
    _check_order(log)
    _check_text(log)
    _check_withdrawn(log)
    _check_progress(log)


def check_same(
    seen: Sequence[Frame], expected: Sequence[Frame], who: str, log: Sequence[Frame] = ()
) -> None:
    """Raises Broken unless both are the same frames (`is_same`); `log` is the whole of which they
    are a part, where a reset may stand behind them."""
    withdrawn = withdrawn_in(seen) | withdrawn_in(expected) | withdrawn_in(log)
    for at, (one, other) in enumerate(zip(seen, expected, strict=False)):
        is_one = is_same(one, other, withdrawn)
        must(is_one, f"{who}: event {at} is {one.raw!r}, not {other.raw!r}")
    must(len(seen) == len(expected), f"{who}: {len(seen)} events, not {len(expected)}")


def _check_keys(log: Sequence[Frame]) -> None:
    for at, frame in enumerate(log):
        keys = _KEYS[frame.type] | (_FIRST if at == 0 else set())
        must(set(frame.data) == keys, f"{frame.type} has the keys {sorted(frame.data)}")
    if log[-1].type == "error":
        code = log[-1].data["code"]
        must(code in CODES, f"the unknown error code {code!r}")
        must(log[-1].data["message"], "an error without a message")
        must(isinstance(log[-1].data["retryable"], bool), "`retryable` is no bool")


def _check_order(log: Sequence[Frame]) -> None:
    before, failed = "", False
    for at, frame in enumerate(log):
        name = frame.name
        if name == "progress":
            continue
        if name.endswith(" failed"):
            failed = True
        elif name == "content_reset" and frame.data["reason"] == "rejected":
            must(log[at + 1].type == "error", "a chapter was rejected, and its log goes on")
        elif name != "error":
            allowed = set() if failed else _FOLLOWS[before]
            must(name in allowed, f"{name!r} after {before!r}")
            before = name


def _check_text(log: Sequence[Frame]) -> None:
    is_whole = False
    for frame in log:
        if frame.type == "content_reset":
            is_whole = False
        elif frame.type == "content":
            must(not is_whole, "text after `is_complete`")
            is_whole = frame.data["is_complete"]
        elif frame.name in ("generate_content completed", "enhance_content completed"):
            must(is_whole, f"{frame.name!r}, and the last text was not `is_complete`")
    if log[-1].type == "complete":
        text = text_of(log)
        must(text, "a complete chapter without text")
        must(log[-1].data["story_content"] == text, "the chunks are not `story_content`")
        must("\n\n".join(log[-1].data["content"]) == text, "the paragraphs are not the text")


def _check_withdrawn(log: Sequence[Frame]) -> None:
    """Check that withdrawn text is not told again, and that unfit text is withdrawn."""
    withdrawn = withdrawn_in(log)
    told = [frame for frame in log if frame.id in withdrawn and frame.data["chunk"]]
    must(not told, f"text that was withdrawn is told again: {[frame.raw for frame in told]}")
    is_unfit = False
    for frame in log:
        if frame.type == "safety_check":
            is_unfit = not frame.data["approved"]
        elif frame.type == "content_reset":
            is_unfit = False
    must(not is_unfit, "a chapter that was judged unfit was not withdrawn")


def _check_progress(log: Sequence[Frame]) -> None:
    percent = 0
    for at, frame in enumerate(log):
        if frame.type != "progress":
            continue
        now = frame.data["percent"]
        must(percent <= now <= 100, f"progress went from {percent} to {now} percent")
        percent = now
        if now == 100 and log[at + 1].type != "complete":
            raise Broken("100 percent without `complete` right after it")
