"""What languages call themselves."""

from __future__ import annotations

from types import MappingProxyType

from vivavoce.protocol.languages import direction
from vivavoce.web.models import LanguageView

NAMES = MappingProxyType(
    {
        "ar": "العربية", "bg": "Български", "bn": "বাংলা", "ca": "Català", "cs": "Čeština", "cy": "Cymraeg",
        "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English", "es": "Español", "et": "Eesti",
        "eu": "Euskara", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "ga": "Gaeilge", "gl": "Galego",
        "gu": "ગુજરાતી", "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "hy": "Հայերեն",
        "id": "Bahasa Indonesia", "is": "Íslenska", "it": "Italiano", "ja": "日本語", "ka": "ქართული",
        "kk": "Қазақ тілі", "kn": "ಕನ್ನಡ", "ko": "한국어", "lb": "Lëtzebuergesch", "lt": "Lietuvių", "lv": "Latviešu",
        "mk": "Македонски", "ml": "മലയാളം", "mr": "मराठी", "ms": "Bahasa Melayu", "mt": "Malti", "nb": "Norsk bokmål",
        "ne": "नेपाली", "nl": "Nederlands", "nn": "Norsk nynorsk", "no": "Norsk", "pa": "ਪੰਜਾਬੀ", "pl": "Polski",
        "ps": "پښتو", "pt": "Português", "ro": "Română", "ru": "Русский", "sk": "Slovenčina", "sl": "Slovenščina",
        "sq": "Shqip", "sr": "Српски", "sv": "Svenska", "sw": "Kiswahili", "ta": "தமிழ்", "te": "తెలుగు", "th": "ไทย",
        "tr": "Türkçe", "uk": "Українська", "ur": "اردو", "vi": "Tiếng Việt", "yi": "ייִדיש", "zh": "中文",
    }
)  # fmt: skip
"""By ISO 639-1 code, as the Unicode CLDR has them; capitals as at the start of a line."""


def view(code: str) -> LanguageView:
    """The language of a BCP 47 code; one that is not in the table is called by its code."""
    language, *subtags = code.lower().replace("_", "-").split("-")
    name = NAMES.get(language, code)
    if subtags and language in NAMES:
        name = f"{name} ({'-'.join(code.split('-')[1:])})"
    return LanguageView(code=code, name=name, dir=direction(code))
