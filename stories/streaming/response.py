"""The HTTP response of a stream: never compressed or buffered, and closed with its client."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from django.http import StreamingHttpResponse


class EventStream(StreamingHttpResponse):
    """A `text/event-stream` over an async generator, which is closed when the client leaves."""

    def __init__(self, frames: AsyncGenerator[bytes, None]) -> None:
        super().__init__(frames, content_type="text/event-stream")
        self["Cache-Control"] = "no-cache, no-transform"
        self["X-Accel-Buffering"] = "no"
        # GZipMiddleware would make each chunk a gzip member of its own; a set encoding stops it.
        self["Content-Encoding"] = "identity"
        self._frames = frames

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Django leaves a generator open when it waits in send() while the client goes away.
        async with aclosing(self._frames) as frames:
            async for chunk in frames:
                yield chunk
