"""Control of the server under test, for checks that need more than a URL: a hand on the processes,
and the model host's own view."""

from typing import Literal, Protocol

Kind = Literal["prose", "judge", "rewording", "structured"]


class Pause(Protocol):
    """A call that the model host keeps waiting."""

    async def reached(self) -> None:
        """The call has come, and got as many tokens as it was to get."""

    async def left(self) -> None:
        """The caller has closed the connection."""

    def release(self) -> None:
        """The call goes on."""


class ModelHost(Protocol):
    @property
    def calls(self) -> int:
        """How many chats were begun so far."""

    @property
    def active(self) -> int:
        """How many chats are being answered now."""

    async def called(self, count: int) -> None:
        """`calls` has come to `count`."""

    def pause(self, kind: Kind, *, after: int = 0, passing: int = 0) -> Pause:
        """Keeps a call of this kind waiting before its token number `after`.

        It is the next one, or where `passing` calls go by before, the one after these.
        """

    def stumble(self) -> None:
        """The next chapter has a sentence that has to be worded anew, behind some that have not."""

    def reject(self) -> None:
        """The next chapter to be judged is found wanting, and has to be written again."""

    def fail(self, *, after: int) -> None:
        """Cuts the next call for prose after so many tokens, and refuses those that follow."""

    def recover(self) -> None:
        """Takes back what was arranged for calls to come."""


class Control(Protocol):
    """The server under test, run by whoever runs the suite."""

    @property
    def host(self) -> ModelHost: ...

    @property
    def lease_seconds(self) -> float:
        """After how long a run without a process is taken over."""

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """SIGTERM, and the process has ended."""

    async def kill(self) -> None:
        """SIGKILL, and the process has ended."""

    async def prune(self, run_id: str) -> None:
        """This run, which is over, was finished long ago, and its log is pruned."""

    async def guest(self) -> str:
        """A token for a family of its own."""

    async def lock_out(self, token: str) -> None:
        """The guest with this token may see nothing from now on."""

    async def revoke(self, token: str) -> None:
        """This token opens nothing from now on."""

    async def log_in(self, token: str) -> str:
        """The cookie, as `name=value`, of a browser in which the guest with this token is."""

    async def log_out(self, cookie: str) -> None:
        """The guest leaves that browser."""

    async def settle(self) -> None:
        """Ends the runs that earlier checks left under way: a disconnect did not stop them."""
