"""Languages by their own names, written their own way."""

from __future__ import annotations

import pytest

from vivavoce.protocol.languages import RIGHT_TO_LEFT
from vivavoce.web.languages import NAMES, view


@pytest.mark.parametrize(
    ("code", "name", "direction"),
    [
        ("de", "Deutsch", "ltr"),
        ("ar", "العربية", "rtl"),
        ("ar-EG", "العربية (EG)", "rtl"),
        ("pt-BR", "Português (BR)", "ltr"),
        ("ckb", "ckb", "rtl"),
        ("az-Arab", "az-Arab", "rtl"),
        ("ur-Latn", "اردو (Latn)", "ltr"),
        ("xx", "xx", "ltr"),
    ],
)
def test_each_is_called_and_written_its_own_way(code: str, name: str, direction: str) -> None:
    found = view(code)
    assert (found.code, found.name, found.dir) == (code, name, direction)


def test_every_name_written_from_the_right_is_marked_so() -> None:
    import unicodedata

    written_from_right = {
        code for code, name in NAMES.items() if unicodedata.bidirectional(name[0]) in ("R", "AL")
    }
    assert written_from_right == RIGHT_TO_LEFT & set(NAMES)
