"""Languages by Whisper's names for them: OpenAI's transcriptions say `english` where everybody else says `en`.

The names are those of openai-whisper (`whisper/tokenizer.py`, LANGUAGES; MIT), whose codes are ISO 639-1 but
for `haw` and `yue`. Its `jw` for Javanese is mended to `jv`.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = """
english=en chinese=zh german=de spanish=es russian=ru korean=ko french=fr japanese=ja portuguese=pt turkish=tr
polish=pl catalan=ca dutch=nl arabic=ar swedish=sv italian=it indonesian=id hindi=hi finnish=fi vietnamese=vi
hebrew=he ukrainian=uk greek=el malay=ms czech=cs romanian=ro danish=da hungarian=hu tamil=ta norwegian=no
thai=th urdu=ur croatian=hr bulgarian=bg lithuanian=lt latin=la maori=mi malayalam=ml welsh=cy slovak=sk
telugu=te persian=fa latvian=lv bengali=bn serbian=sr azerbaijani=az slovenian=sl kannada=kn estonian=et
macedonian=mk breton=br basque=eu icelandic=is armenian=hy nepali=ne mongolian=mn bosnian=bs kazakh=kk
albanian=sq swahili=sw galician=gl marathi=mr punjabi=pa sinhala=si khmer=km shona=sn yoruba=yo somali=so
afrikaans=af occitan=oc georgian=ka belarusian=be tajik=tg sindhi=sd gujarati=gu amharic=am yiddish=yi lao=lo
uzbek=uz faroese=fo pashto=ps turkmen=tk nynorsk=nn maltese=mt sanskrit=sa luxembourgish=lb myanmar=my
tibetan=bo tagalog=tl malagasy=mg assamese=as tatar=tt hawaiian=haw lingala=ln hausa=ha bashkir=ba javanese=jv
sundanese=su cantonese=yue
"""

CODES: Mapping[str, str] = {name: code for name, _, code in (pair.partition("=") for pair in _NAMES.split())}
"""Name in lower case to code."""


def language_code(said: str | None) -> str | None:
    """A language as a server says it, a name or a tag, as a code; None for nothing, or for a name that is not known."""
    if not said:
        return None
    word = said.strip().lower()
    if word in CODES:
        return CODES[word]
    base = word.split("-")[0].split("_")[0]
    return base if base.isalpha() and 2 <= len(base) <= 3 else None
