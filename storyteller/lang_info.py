"""Django's information on the languages: their names, and the old codes that stand for them.

Django's own table lacks languages that stories may be written in, and knows no old codes. With
these entries `Accept-Language: iw` is answered in Hebrew, and `get_language_info` knows them all.
"""

from collections.abc import Iterable
from typing import Any

from stories.vocabulary.languages import Language


def lang_info(rows: Iterable[Language]) -> dict[str, dict[str, Any]]:
    """Entries for `django.conf.locale.LANG_INFO`."""
    entries: dict[str, dict[str, Any]] = {}
    for row in rows:
        entries[row.code] = {
            "code": row.code,
            "name": row.name,
            "name_local": row.own_name,
            "bidi": row.direction == "rtl",
        }
        entries |= {old: {"fallback": [row.code]} for old in row.old_codes}
    return entries
