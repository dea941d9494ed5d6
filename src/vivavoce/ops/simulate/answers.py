"""What simulated participants say: answers that fit most open questions, by language and length.

None of them is a phrase that steers an interview (stop, skip, repeat …): a unit test reads them all. `…` stands for a
pause in the middle of a sentence, where a person thinks and a moderator had better wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PAUSE = "…"

PAUSE_S = 0.7
"""Seconds of it. Pauses within a turn of spontaneous speech are mostly under 1 s (Heldner & Edlund 2010)."""


@dataclass(frozen=True)
class Bank:
    """One language's answers, and what a participant interrupts with."""

    short: tuple[str, ...]
    medium: tuple[str, ...]
    long: tuple[str, ...]
    interruptions: tuple[str, ...]

    def texts(self) -> tuple[str, ...]:
        """Every stretch that is synthesised by itself."""
        whole = (*self.short, *self.medium, *self.long, *self.interruptions)
        return tuple(part.strip() for text in whole for part in text.split(PAUSE))


BANKS: Mapping[str, Bank] = {
    "en": Bank(
        short=(
            "Mostly at home, these days.",
            "About three times a week.",
            "It works quite well for me.",
        ),
        medium=(
            "I usually start around eight, make some coffee, and read what came in overnight.",
            "What I like most is that nobody disturbs me before lunch, so I get the hard things done.",
            "The train was the worst part of it, and I have not missed it a single day.",
            "My sister showed me how to do it, and after a week or two it felt quite natural.",
        ),
        long=(
            "At first it was difficult, because the kitchen table was my office and … "
            "my children could not see why I was at home and still had no time for them.",
            "Last spring our team moved to a smaller building, and since then … "
            "we meet there on Tuesdays, which has become the best day of my week.",
            "I would say that the quiet helps me a great deal, but in winter … "
            "I sometimes go a whole day without talking to anyone, and that is hard.",
        ),
        interruptions=("Oh, there is something else.", "Sorry, I have to add something here."),
    ),
    "es": Bank(
        short=(
            "Casi siempre en casa, últimamente.",
            "Unas tres veces por semana.",
            "A mí me funciona muy bien.",
        ),
        medium=(
            "Suelo empezar a las ocho, preparo un café y leo los mensajes que llegaron por la noche.",
            "Lo que más me gusta es que nadie me molesta antes de comer y puedo concentrarme.",
            "El viaje en tren era lo peor de todo, y no lo he echado de menos ni un solo día.",
            "Mi hermana me enseñó cómo hacerlo, y al cabo de dos semanas me resultaba natural.",
        ),
        long=(
            "Al principio fue difícil, porque la mesa de la cocina era mi oficina y … "
            "mis hijos no veían por qué estaba en casa y no tenía tiempo para ellos.",
            "La primavera pasada nos mudamos a un edificio más pequeño, y desde entonces … "
            "nos reunimos allí los martes, que se han convertido en mi mejor día.",
            "Diría que el silencio me ayuda mucho, aunque en invierno … "
            "a veces paso un día entero sin hablar con nadie, y eso se hace duro.",
        ),
        interruptions=("Ah, hay otra cosa más.", "Perdón, tengo que añadir algo aquí."),
    ),
    "fr": Bank(
        short=(
            "Surtout à la maison, ces temps-ci.",
            "Environ trois fois par semaine.",
            "Cela me convient très bien.",
        ),
        medium=(
            "Je commence vers huit heures, je fais un café et je lis les messages de la nuit.",
            "Ce que j'aime le plus, c'est que personne ne me dérange avant le déjeuner.",
            "Le train était le pire moment de la journée, et il ne m'a pas manqué une seule fois.",
            "Ma sœur m'a montré comment faire, et après deux semaines cela m'a semblé naturel.",
        ),
        long=(
            "Au début c'était difficile, parce que la table de la cuisine était mon bureau et … "
            "mes enfants ne voyaient pas pourquoi je n'avais pas de temps pour eux.",
            "Au printemps dernier, notre équipe a pris des bureaux plus petits, et depuis … "
            "nous nous y retrouvons le mardi, qui est devenu mon meilleur jour.",
            "Je dirais que le calme m'aide beaucoup, mais en hiver … "
            "je passe parfois une journée entière sans parler à personne, et c'est dur.",
        ),
        interruptions=("Ah, il y a encore autre chose.", "Pardon, je dois ajouter un détail ici."),
    ),
}
