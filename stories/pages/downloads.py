"""Stories as files that a family keeps: the path through each that its page shows."""

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from children.access import parent
from stories import access
from stories.pages import epub, library, typeset
from stories.pages.books import Book, book_of
from stories.pages.owned import or_404

# A book takes up to a hundred megabytes while it is made: two at a time, and the others wait.
_bookbinders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="stories-books")


@login_required
@require_safe
async def as_epub(request: HttpRequest, story_id: uuid.UUID) -> HttpResponse:
    return await _download(request, story_id, epub.epub, epub.CONTENT_TYPE, ".epub")


@login_required
@require_safe
async def as_pdf(request: HttpRequest, story_id: uuid.UUID) -> HttpResponse:
    return await _download(request, story_id, typeset.pages, typeset.CONTENT_TYPE, ".pdf")


@login_required
@require_safe
async def as_booklet(request: HttpRequest, story_id: uuid.UUID) -> HttpResponse:
    return await _download(request, story_id, typeset.booklet, typeset.CONTENT_TYPE, "-a4.pdf")


async def _download(
    request: HttpRequest,
    story_id: uuid.UUID,
    make: Callable[[Book], bytes],
    content_type: str,
    ending: str,
) -> HttpResponse:
    book = await sync_to_async(_book)(request, story_id)
    file = await asyncio.get_running_loop().run_in_executor(_bookbinders, make, book)
    answer = HttpResponse(file, content_type=content_type)
    answer["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=book.file_name(ending)
    )
    return answer


def _book(request: HttpRequest, story_id: uuid.UUID) -> Book:
    story = or_404(access.story_for, parent(request), story_id)
    pages = library.pages_of(story, through=request.GET.get("through", "")).pages
    if not pages:
        raise Http404
    return book_of(story, pages)
