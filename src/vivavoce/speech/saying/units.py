"""Units of measure: how they are written, and what Babel calls them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel.units import format_unit

from vivavoce.speech.saying.idiom import Gender, Idiom

UNITS: Final = {
    "km": "length-kilometer",
    "m": "length-meter",
    "cm": "length-centimeter",
    "mm": "length-millimeter",
    "µm": "length-micrometer",
    "μm": "length-micrometer",
    "nm": "length-nanometer",
    "mi": "length-mile",
    "ft": "length-foot",
    "yd": "length-yard",
    "in.": "length-inch",
    "km²": "area-square-kilometer",
    "km2": "area-square-kilometer",
    "m²": "area-square-meter",
    "m2": "area-square-meter",
    "cm²": "area-square-centimeter",
    "cm2": "area-square-centimeter",
    "ha": "area-hectare",
    "qm": "area-square-meter",
    "sq ft": "area-square-foot",
    "m³": "volume-cubic-meter",
    "m3": "volume-cubic-meter",
    "cm³": "volume-cubic-centimeter",
    "cm3": "volume-cubic-centimeter",
    "l": "volume-liter",
    "L": "volume-liter",
    "ml": "volume-milliliter",
    "mL": "volume-milliliter",
    "cl": "volume-centiliter",
    "cL": "volume-centiliter",
    "dl": "volume-deciliter",
    "gal": "volume-gallon",
    "kg": "mass-kilogram",
    "g": "mass-gram",
    "mg": "mass-milligram",
    "µg": "mass-microgram",
    "μg": "mass-microgram",
    "t": "mass-tonne",
    "lb": "mass-pound",
    "lbs": "mass-pound",
    "oz": "mass-ounce",
    "°C": "temperature-celsius",
    "ºC": "temperature-celsius",
    "℃": "temperature-celsius",
    "°F": "temperature-fahrenheit",
    "℉": "temperature-fahrenheit",
    "km/h": "speed-kilometer-per-hour",
    "kmh": "speed-kilometer-per-hour",
    "kph": "speed-kilometer-per-hour",
    "m/s": "speed-meter-per-second",
    "mph": "speed-mile-per-hour",
    "bit": "digital-bit",
    "kB": "digital-kilobyte",
    "KB": "digital-kilobyte",
    "MB": "digital-megabyte",
    "GB": "digital-gigabyte",
    "TB": "digital-terabyte",
    "PB": "digital-petabyte",
    "ko": "digital-kilobyte",
    "Ko": "digital-kilobyte",
    "Mo": "digital-megabyte",
    "Go": "digital-gigabyte",
    "To": "digital-terabyte",
    "Mbit": "digital-megabit",
    "Mb": "digital-megabit",
    "Gbit": "digital-gigabit",
    "kbit": "digital-kilobit",
    "Hz": "frequency-hertz",
    "kHz": "frequency-kilohertz",
    "MHz": "frequency-megahertz",
    "GHz": "frequency-gigahertz",
    "W": "power-watt",
    "kW": "power-kilowatt",
    "MW": "power-megawatt",
    "GW": "power-gigawatt",
    "mW": "power-milliwatt",
    "PS": "power-horsepower",
    "hp": "power-horsepower",
    "kWh": "energy-kilowatt-hour",
    "J": "energy-joule",
    "kJ": "energy-kilojoule",
    "kcal": "energy-kilocalorie",
    "V": "electric-volt",
    "mA": "electric-milliampere",
    "Ω": "electric-ohm",
    "hPa": "pressure-hectopascal",
    "kPa": "pressure-kilopascal",
    "MPa": "pressure-megapascal",
    "bar": "pressure-bar",
    "mbar": "pressure-millibar",
    "psi": "pressure-pound-force-per-square-inch",
    "h": "duration-hour",
    "hr": "duration-hour",
    "hrs": "duration-hour",
    "Std.": "duration-hour",
    "min": "duration-minute",
    "Min.": "duration-minute",
    "Sek.": "duration-second",
    "mins": "duration-minute",
    "s": "duration-second",
    "sec": "duration-second",
    "secs": "duration-second",
    "ms": "duration-millisecond",
    "µs": "duration-microsecond",
    "μs": "duration-microsecond",
    "px": "graphics-pixel",
    "MP": "graphics-megapixel",
    "ppm": "concentr-permillion",
}
"""As written → CLDR's id."""

_ONLY: Final = {
    "ko": "fr",
    "Ko": "fr",
    "Mo": "fr",
    "Go": "fr",
    "To": "fr",
    "PS": "de",
    "qm": "de",
    "Std.": "de",
    "Min.": "de",
    "Sek.": "de",
    "in.": "en",
    "sq ft": "en",
    "gal": "en",
    "kmh": "de",
    "mi": "en",
    "hr": "en",
    "hrs": "en",
    "ft": "en",
    "yd": "en",
}
"""Units that only one language writes so."""

_EXTRA: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "dB": dict.fromkeys(("de", "nl"), ("Dezibel", "Dezibel"))
    | {
        "en": ("decibel", "decibels"),
        "fr": ("décibel", "décibels"),
        "es": ("decibelio", "decibelios"),
        "it": ("decibel", "decibel"),
        "pt": ("decibel", "decibéis"),
        "nl": ("decibel", "decibel"),
    },
    "mAh": {
        "en": ("milliampere hour", "milliampere hours"),
        "de": ("Milliamperestunde", "Milliamperestunden"),
        "fr": ("milliampère-heure", "milliampères-heures"),
        "es": ("miliamperio hora", "miliamperios hora"),
    },
    "rpm": {
        "en": ("revolution per minute", "revolutions per minute"),
        "es": ("revolución por minuto", "revoluciones por minuto"),
    },
    "fps": {"en": ("frame per second", "frames per second")},
    "Pkt.": {"de": ("Punkt", "Punkte")},
    "dpi": {"en": ("dot per inch", "dots per inch")},
    "Wh": {
        "en": ("watt hour", "watt hours"),
        "de": ("Wattstunde", "Wattstunden"),
        "fr": ("wattheure", "wattheures"),
        "es": ("vatio hora", "vatios hora"),
    },
    "MWh": {
        "en": ("megawatt hour", "megawatt hours"),
        "de": ("Megawattstunde", "Megawattstunden"),
        "fr": ("mégawattheure", "mégawattheures"),
        "es": ("megavatio hora", "megavatios hora"),
    },
    "cal": {"en": ("calorie", "calories"), "fr": ("calorie", "calories"), "es": ("caloría", "calorías")},
    "mi": {"es": ("milla", "millas")},
    "kmh": {"en": ("kilometer per hour", "kilometers per hour")},
}
"""What CLDR has no word for: language → with one, with many."""

_WRITTEN: Final = re.compile(
    rf"[ \u00a0\u202f]?({'|'.join(sorted(map(re.escape, {*UNITS, *_EXTRA}), key=len, reverse=True))})(?![\w°²³])"
)


def unit_at(text: str, at: int, idiom: Idiom) -> tuple[str, int] | None:
    """The unit that stands after a figure which ends at `at`, as written, and where it ends."""
    match = _WRITTEN.match(text, at)
    if match is None:
        return None
    written = match.group(1)
    if _ONLY.get(written, idiom.code) != idiom.code and idiom.code not in _EXTRA.get(written, {}):
        return None
    if unit_name(written, 2, idiom) is None:
        return None
    # "5 m" is five metres, but "an 5 A" or "Plan 5 V" more often is a name: only joined or with a thin space.
    if written in ("V", "W", "J") and text[at : at + 1] == " " and idiom.code != "de":
        return None
    return written, match.end()


@lru_cache(maxsize=2048)
def _named(identity: str, count: int, locale: str) -> str | None:
    said = format_unit(count, identity, "long", locale=locale)
    name = said.replace("\u00a0", " ").replace("\u202f", " ").removeprefix(str(count)).strip()
    # Where a locale lacks a unit, Babel gives its id.
    return None if not name or ("-" in name and name in identity) else name


def unit_name(written: str, count: int, idiom: Idiom) -> str | None:
    """A unit's name with so many of it; None where the language has none."""
    extra = _EXTRA.get(written, {}).get(idiom.code)
    if extra is not None:
        return extra[0] if count == 1 else extra[1]
    identity = UNITS.get(written)
    if not identity:
        return None
    return _named(identity, count, str(idiom.locale))


def unit_gender(written: str, name: str, idiom: Idiom) -> Gender:
    """What "one" of it is."""
    return idiom.unit_gender(UNITS.get(written, ""), name)
