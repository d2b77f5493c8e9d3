"""Writing a chapter's text from a state of the graph: the first time, after a crash, and again."""

from dataclasses import replace

from langchain_core.messages import SystemMessage

from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.nodes import writer_of
from stories.workflow.asked import Asked
from stories.workflow.calls import metered_guard
from stories.workflow.conversation import Conversation
from stories.workflow.drafting import Drafting
from stories.workflow.lengths import least_words, most_words
from stories.workflow.manuscript import Manuscript
from stories.workflow.outcome import Found, Kind, all_found_in
from stories.workflow.plan import plan_chapter
from stories.workflow.promises import keeps_choice
from stories.workflow.prompts.beats import story_before, taking_turns
from stories.workflow.prompts.request import request, rewrite_note
from stories.workflow.prompts.system import system_prompt
from stories.workflow.prompts.tokens import most_tokens, tokens_for_words
from stories.workflow.resources import ChapterResources, ModelProfile
from stories.workflow.state import ChapterState, Context, Emit

# The turns' instructions and what is said between them.
_TOKENS_FOR_TASKS = 400


async def compose(state: ChapterState, context: Context, emit: Emit, version: int) -> ChapterState:
    """The state's update once this version of the text is whole. What the log has of it is shown
    already."""
    brief, resources, shown = context.brief, context.resources, context.resume.text_of(version)
    if context.resume.is_written(version):
        return {"text": shown, "version": version, "is_guarded": False}
    is_rewrite = version > 0
    attempt = state["attempt"] + is_rewrite
    step = writer_of(version)
    resources = replace(resources, guard=metered_guard(resources.guard, step, emit))
    manuscript = Manuscript(
        shown, attempt, resources=resources, progress=context.progress, emit=emit
    )
    drafting = Drafting(
        manuscript,
        lambda: _conversation(brief, resources.profile),
        resources,
        asked=Asked(brief),
        step=step,
        emit=emit,
        note=rewrite_note(state["judgement"]["issues"]) if is_rewrite else "",
    )
    async with manuscript.guarded():
        await drafting.write(
            lambda written: plan_chapter(
                brief,
                resources.profile,
                written,
                is_rewrite=is_rewrite,
                min_length_percent=resources.min_length_percent,
            )
        )
    manuscript.finish()
    return {
        "text": manuscript.text,
        "attempt": manuscript.attempt,
        "version": version,
        "is_guarded": manuscript.is_guarded,
    }


def outcome_of(text: str, brief: StoryBrief, resources: ChapterResources) -> tuple[Found, ...]:
    """The faults of a finished text, by comparison with its brief."""
    percent = resources.min_length_percent
    least = least_words(brief, resources.profile.writing, percent)
    found = all_found_in(text, Asked(brief), least_words=least)
    return found if keeps_choice(text, brief) else (Found(Kind.CHOICE, ""), *found)


def _conversation(brief: StoryBrief, profile: ModelProfile) -> Conversation:
    if profile.writing != "prose":
        return Conversation(taking_turns(brief), story_before(brief))
    system = system_prompt(brief)
    kept_free = (
        most_tokens(system, "en")
        + tokens_for_words(most_words(brief, profile.writing), brief.language)
        + _TOKENS_FOR_TASKS
    )
    asked = request(brief, most_tokens=profile.context_tokens - kept_free)
    return Conversation([SystemMessage(system)], asked)
