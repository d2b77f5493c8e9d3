"""Stand-ins for model hosts: all of them but the wire protocol, which testkit.ollama and
testkit.openai have.

A `ModelHost` answers each call with a `Reply`: a script's, or else the storyteller's. A script also
says where a reply is held, cut or fails. Habits of real hosts are switched on by name (`Quirk`).
"""

from .base import DEFAULT_MODEL, MULTILINGUAL_MODEL, ModelHost
from .calls import Call, Kind
from .quirks import Quirk, quirks_of
from .replies import Cut, Reply, at_random, characters, cold, endless, words
from .scripts import Answer, Script, in_turn
from .signals import Hold, Signal

__all__ = [
    "DEFAULT_MODEL",
    "MULTILINGUAL_MODEL",
    "Answer",
    "Call",
    "Cut",
    "Hold",
    "Kind",
    "ModelHost",
    "Quirk",
    "Reply",
    "Script",
    "Signal",
    "at_random",
    "characters",
    "cold",
    "endless",
    "in_turn",
    "quirks_of",
    "words",
]
