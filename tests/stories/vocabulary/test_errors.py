"""A failure's sentence to parents is the same live and after its log was pruned."""

import pytest

from stories.vocabulary.errors import ErrorCode, StoryError, of_code


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_stands_for_the_error_that_was_told_live(code: ErrorCode) -> None:
    every: list[type[StoryError]] = [StoryError, *StoryError.__subclasses__()]
    kinds = [kind for kind in every if kind.code == code]
    assert len(kinds) == 1, "two errors of one code are told in different words"
    assert type(of_code(code)) is kinds[0]
