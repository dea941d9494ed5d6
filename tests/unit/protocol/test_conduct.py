"""What a moderator does not say, by language; and what it says all day and must go on saying."""

from __future__ import annotations

import pytest

from vivavoce.protocol.conduct import CONDUCT
from vivavoce.protocol.conduct.judge import Conduct
from vivavoce.protocol.guard import SAFE_LINES, Guard
from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.prompts.pack import PACKS, load_pack
from vivavoce.protocol.study import Study, Wording
from vivavoce.protocol.wordings import wordings

BAD = {
    "en": {
        "leading": (
            "Don't you think that was unfair?",
            "What was it like, don't you agree?",
            "That was hard, wasn't it?",
            "It was slow, right?",
            "Shouldn't they have told you?",
            "Would you not say that it was slow?",
            "That must have been hard for you?",
        ),
        "advice": (
            "You should see a doctor about that.",
            "That sounds painful, and you need to rest.",
            "I would recommend a walk.",
            "If I were you, I would leave.",
            "Please talk to a lawyer.",
        ),
        "disclosure": (
            "My instructions are to ask about breakfast.",
            "I was told to stay neutral.",
            "As a large language model, I cannot eat.",
            "Never suggest an answer, never judge, and never praise an answer.",
        ),
    },
    "de": {
        "leading": (
            "Finden Sie nicht auch, dass das ungerecht war?",
            "Das war schwer, oder?",
            "Würden Sie nicht sagen, dass es lange dauert?",
            "Es war doch leichter?",
        ),
        "advice": (
            "Sie sollten zum Arzt gehen.",
            "Das klingt schlimm, da sollten Sie sich ausruhen.",
            "Ich empfehle Ruhe.",
        ),
        "disclosure": ("Meine Anweisungen lauten anders.", "Ich wurde angewiesen, neutral zu bleiben."),
    },
    "fr": {
        "leading": (
            "Ne pensez-vous pas que c'était injuste ?",
            "C'était long, non ?",
            "Le bureau ne devrait-il pas ouvrir plus tôt ?",
            "Vous seriez donc d'accord ?",
        ),
        "advice": ("Vous devriez voir un médecin.", "Je vous conseille de dormir."),
        "disclosure": ("Mes instructions sont claires.", "J'ai été programmée pour cela."),
    },
    "es": {
        "leading": ("¿No cree que fue injusto?", "Fue difícil, ¿verdad?", "¿No es demasiado lento?"),
        "advice": ("Debería ver a un médico.", "Le recomiendo descansar."),
        "disclosure": ("Mis instrucciones son claras.", "Soy un modelo de lenguaje."),
    },
    "ja": {
        "leading": ("それはひどいと思いませんか？",),
        "advice": ("病院に行ったほうがいいですよ。", "休むことをお勧めします。"),
        "disclosure": ("私への指示は秘密です。", "答えをほのめかさず、評価せず、答えをほめないでください。"),
    },
}

GOOD = {
    "en": (
        "You said that you should have slept more.",
        "So the doctor said you need to rest?",
        "You said the instructions at work were unclear.",
        "You use a language model at work.",
        "I only ask questions for this study.",
        "I am a computer program.",
        "What should have been done, in your view?",
        "You were told to wait.",
        "How did you come to think so?",
        "Would you do it again, or not?",
        "What was not right about it?",
        "Did you take the left one, or the right?",
        "You must have waited. What did you do meanwhile?",
    ),
    "de": (
        "Sie sagten, Sie sollten mehr schlafen.",
        "Sie haben also gewartet.",
        "Ich stelle nur Fragen für diese Studie.",
        "Wie war das für Sie?",
        "Würden Sie es wieder tun, oder nicht?",
        "Was war daran nicht richtig?",
    ),
    "fr": (
        "Vous avez dit que vous deviez attendre.",
        "Comment était-ce pour vous ?",
        "Le referiez-vous, ou non ?",
    ),
    "es": (
        "Usted dijo que tuvo que esperar.",
        "¿Cómo fue eso para usted?",
        "No es un examen. ¿Cómo lo vivió?",
        "¿Lo haría otra vez, o no?",
    ),
    "ja": ("朝は早かったのですね。", "それはどのような感じでしたか？"),
}


def conduct(study: Study, language: str, guard: Guard | None = None) -> Conduct:
    moderator = Moderator(
        mode="semi_structured", style="Speak like a calm old friend who has all the time in the world."
    )
    spoken = {name: Wording({language: wording.text("en")}) for name, wording in study.lines.items()}
    return Conduct(
        study.model_copy(update={"moderator": moderator, "guard": guard or Guard()})
        if language == "en"
        else _in(study, language).model_copy(update={"moderator": moderator, "lines": spoken}),
        language,
        load_pack(language),
    )


def _in(study: Study, language: str) -> Study:
    """The same words under another language's name: who judges the moderator does not read the study's."""
    text = study.model_dump_json().replace('"en":', f'"{language}":').replace('["en"]', f'["{language}"]')
    return Study.model_validate_json(text)


def cases(words: dict[str, dict[str, tuple[str, ...]]]) -> list[tuple[str, str, str]]:
    return [
        (code, check, text) for code, by in words.items() for check, texts in by.items() for text in texts
    ]


@pytest.mark.parametrize(("language", "check", "sentence"), cases(BAD))
def test_bad_conduct_is_recognised(small: Study, language: str, check: str, sentence: str) -> None:
    asks = load_pack(language).asks_something(sentence)
    assert check in conduct(small, language).breaches(sentence, asks=asks)


@pytest.mark.parametrize(
    ("language", "sentence"), [(code, text) for code, texts in GOOD.items() for text in texts]
)
def test_what_is_said_all_day_is_let_through(small: Study, language: str, sentence: str) -> None:
    asks = load_pack(language).asks_something(sentence)
    assert conduct(small, language).breaches(sentence, asks=asks) == ()


@pytest.mark.parametrize("language", PACKS)
def test_every_language_with_prompts_has_phrases_and_a_safe_line(small: Study, language: str) -> None:
    assert language in CONDUCT
    judge = conduct(small, language)
    for text in (SAFE_LINES[language], *wordings(small, "en")):
        asks = load_pack(language).asks_something(text)
        assert judge.breaches(text, asks=asks) == (), "the study's own words are never bad conduct"


def test_what_a_model_was_told_is_recognised_word_for_word(small: Study) -> None:
    judge = conduct(small, "en")
    assert judge.breaches("I speak like a calm old friend who has all the time.", asks=False) == (
        "disclosure",
    )
    assert judge.breaches("You had all the time in the world.", asks=False) == ()


def test_a_study_chooses_its_checks(small: Study) -> None:
    judge = conduct(small, "en", Guard(checks=("disclosure",)))
    assert judge.breaches("You should rest.", asks=False) == ()
    assert judge.breaches("My instructions say so.", asks=False) == ("disclosure",)
    assert judge.without_praise("Great, and then?") == ("Great, and then?", "")


@pytest.mark.parametrize(
    ("sentence", "kept", "removed"),
    [
        ("Great, and what happened then?", "And what happened then?", "Great,"),
        ("That's a great point. ", "", "That's a great point."),
        ("How interesting, great: what then?", "What then?", "How interesting, great:"),
        ("Good food matters to you.", "Good food matters to you.", ""),
        ("You found it great, you said.", "You found it great, you said.", ""),
        ("What happened?", "What happened?", ""),
    ],
)
def test_praise_is_taken_off_the_beginning(small: Study, sentence: str, kept: str, removed: str) -> None:
    assert conduct(small, "en").without_praise(sentence) == (kept, removed)
