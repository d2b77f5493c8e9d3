"""The age bands."""

from enum import StrEnum


class AgeBand(StrEnum):
    """The ages for which rules, judgements and word counts differ."""

    YOUNG = "3-5"
    MIDDLE = "6-8"
    OLDER = "9-12"

    @classmethod
    def for_age(cls, years: int) -> "AgeBand":
        if years <= 5:
            return cls.YOUNG
        return cls.MIDDLE if years <= 8 else cls.OLDER

    @property
    def younger(self) -> "AgeBand":
        """The band below; the youngest's is itself."""
        bands = list(AgeBand)
        return bands[max(0, bands.index(self) - 1)]
