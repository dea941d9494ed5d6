"""Every kind of problem in a study file: found, at its place, with what to write instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vivavoce.protocol.check import check_study, load_study
from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.place import MAX_PROBLEMS
from vivavoce.protocol.problems import Problem, StudyError
from vivavoce.protocol.prompts.pack import load_pack
from vivavoce.protocol.tree import MAX_BYTES

GOOD = """\
schema: vivavoce/study/1
id: good
title: Good
about: Nothing is wrong here.
organisation: Testers
contact: test@example.org
languages: [en]
voices:
  en: {engine: kokoro, voice: af_heart}
consent:
  version: 1
  text: I agree.
  disclosure: I am a computer program.
limits:
  hard_limit_minutes: 20
  idle_prompt_s: 30
  idle_s: 90
turn_profiles:
  slow: {min_wait_s: 1, max_wait_s: 2, thinking_wait_s: 8}
topics:
  - {id: food, title: Food}
probes:
  - id: more
    wording: Tell me more.
    when: {short_answer: 8}
opening: Hello.
closing: Goodbye.
phases:
  - id: one
    title: One
    objective: Begin.
    min_minutes: 1
    max_minutes: 5
    turn_profile: slow
    questions:
      - id: breakfast
        wording: What did you have for breakfast?
        topics: [food]
        probes: [more]
  - id: two
    title: Two
    objective: End.
    min_minutes: 1
    max_minutes: 5
    questions:
      - id: dinner
        wording: What will you have for dinner?
        probes: none
"""


def problems(text: str | bytes) -> list[Problem]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(check_study(data, source="x.yaml").problems)


def changed(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} must be in the file once"
        text = text.replace(old, new)
    return text


def test_the_good_file_is_good() -> None:
    result = check_study(GOOD.encode(), source="x.yaml")
    assert result.problems == ()
    assert result.study is not None


# What is changed in the good file, and the problems that must be found: line:column, severity, words of the message,
# words of the suggestion.
Found = tuple[str, str, str, str]

FIRST = "    min_minutes: 1\n    max_minutes: 5\n    turn"
SECOND = "    max_minutes: 5\n    questions:\n      - id: dinner"

CASES: dict[str, tuple[list[tuple[str, str]], list[Found]]] = {
    "misspelt key": (
        [("organisation: Testers", "organization: Testers")],
        [
            ("1:1", "error", "`organisation` is missing", "Add `organisation:"),
            ("5:1", "error", "no `organization` in a study file", "Did you mean `organisation`?"),
        ],
    ),
    "unknown key in a question": (
        [("        probes: [more]", "        probes: [more]\n        colour: blue")],
        [("40:9", "error", "no `colour` in a question", "Remove it, or write one of:")],
    ),
    "missing key": (
        [("    objective: Begin.\n", "")],
        [("29:5", "error", "`objective` is missing from a phase", "Add `objective:")],
    ),
    "key twice": (
        [("title: Good", "title: Good\ntitle: Better")],
        [("4:1", "error", "`title` is there twice", "Keep one")],
    ),
    "unknown schema": (
        [("schema: vivavoce/study/1", "schema: vivavoce/study/2")],
        [("1:9", "error", "'vivavoce/study/2' is no schema", "Did you mean `vivavoce/study/1`?")],
    ),
    "not an id": (
        [("id: good", "id: Good Study!")],
        [("2:5", "error", "'Good Study!' is no id", "Write `good-study`.")],
    ),
    "list where a text belongs": (
        [("about: Nothing is wrong here.", "about: [a, b]")],
        [("4:8", "error", "`about` must be a text", "Write `about:")],
    ),
    "text where a list belongs": (
        [("        topics: [food]", "        topics: food")],
        [
            ("21:10", "warning", "No question uses the topic 'food'", "Name it"),
            ("38:17", "error", "`topics` must be a list", "`- `"),
        ],
    ),
    "text where a map belongs": (
        [("limits:\n  hard_limit_minutes: 20\n  idle_prompt_s: 30\n  idle_s: 90", "limits: 20")],
        [("14:9", "error", "`limits` must be the limits", "Indent")],
    ),
    "word where a number belongs": (
        [("hard_limit_minutes: 20", "hard_limit_minutes: twenty")],
        [("15:23", "error", "'twenty' is not a number", "a number of minutes")],
    ),
    "infinite time": (
        [("hard_limit_minutes: 20", "hard_limit_minutes: .inf")],
        [("15:23", "error", "'.inf' is not a number", "a number of minutes")],
    ),
    "number out of range": (
        [("idle_s: 90", "idle_s: 2")],
        [("17:11", "error", "2 seconds is out of range", "from 5 to")],
    ),
    "broken number": (
        [("when: {short_answer: 8}", "when: {short_answer: 8.5}")],
        [("25:26", "error", "8.5 is not a whole number", "Write `8`")],
    ),
    "not true or false": (
        [("        probes: none", "        probes: none\n        required: yes")],
        [("49:19", "error", "'yes' is neither true nor false", "Write `true`")],
    ),
    "empty text": (
        [("    wording: Tell me more.", "    wording:")],
        [("24:5", "error", "`wording` is empty", "Write the text")],
    ),
    "empty text in quotes": (
        [("opening: Hello.", 'opening: "  "')],
        [("26:10", "error", "`opening` is empty", "Write the text")],
    ),
    "unknown language code": (
        [("languages: [en]", "languages: [english]")],
        [("7:13", "error", "'english' is no language code", "Write `en`.")],
    ),
    "language code of the wrong shape": (
        [("languages: [en]", "languages: [xx]")],
        [("7:13", "error", "'xx' is no language code", "ISO 639-1")],
    ),
    "language twice": (
        [("languages: [en]", "languages: [en, en]")],
        [("7:17", "error", "'en' is there twice", "Remove one")],
    ),
    "no language": (
        [("languages: [en]", "languages: []")],
        [("7:12", "error", "no language", "languages: [en]")],
    ),
    "wording in a language of no use": (
        [("closing: Goodbye.", "closing: {en: Goodbye., de: Tschüss.}")],
        [("27:29", "error", "'de' is no language of this study", "Add de to `languages`")],
    ),
    "wording under a misspelt language": (
        [("closing: Goodbye.", "closing: {EN: Goodbye.}")],
        [
            ("27:10", "error", "`closing` has no text in English (en)", 'Add `en: "…"`'),
            ("27:15", "error", "'EN' is no language of this study", "Write `en`."),
        ],
    ),
    "an engine that is nearly one of ours": (
        [("engine: kokoro", "engine: kokorro")],
        [("9:16", "warning", "'kokorro' is none of ours", "Did you mean `kokoro`?")],
    ),
    "an engine elsewhere": ([("engine: kokoro, voice: af_heart", "engine: my-fish, voice: Anna B")], []),
    "a language offer that is neither here nor there": (
        [("closing: Goodbye.", "closing: Goodbye.\nlanguage_offer: maybe")],
        [("28:17", "error", "'maybe' is neither true nor false", "Write `false`")],
    ),
    "a language offer in one language": (
        [("closing: Goodbye.", "closing: Goodbye.\nlanguage_offer: {offer: Shall we?}")],
        [("28:25", "error", "`offer` must have one `name: value` a line", "Indent its parts under it")],
    ),
    "unknown voice": (
        [("voice: af_heart", "voice: af_hart")],
        [("9:31", "error", "no voice 'af_hart'", "af_heart")],
    ),
    "voice of another language": (
        [("voice: af_heart", "voice: ef_dora")],
        [("9:31", "error", "'ef_dora' does not speak English", "af_heart")],
    ),
    "piper voice of another language": (
        [("engine: kokoro, voice: af_heart", "engine: piper, voice: de_DE-thorsten-medium")],
        [("9:30", "error", "speaks German, not English", "begins with `en_`")],
    ),
    "no such turn profile": (
        [("turn_profile: slow", "turn_profile: slwo")],
        [("34:19", "error", "no turn profile 'slwo'", "Did you mean `slow`?")],
    ),
    "no such topic": (
        [("topics: [food]", "topics: [food, drink]")],
        [("38:24", "error", "no topic 'drink'", "Write one of: food.")],
    ),
    "no such probe": (
        [("probes: [more]", "probes: [more, mroe]")],
        [("39:24", "error", "no probe 'mroe'", "Did you mean `more`?")],
    ),
    "probes are no word": (
        [("probes: none", "probes: all")],
        [("48:17", "error", "'all' is no list of probes", "inherit, none")],
    ),
    "no such phase": (
        [("    turn_profile: slow", "    turn_profile: slow\n    next: tow")],
        [("35:11", "error", "no phase 'tow'", "Did you mean `two`?")],
    ),
    "phases in a circle": (
        [(SECOND, SECOND.replace("    questions", "    next: one\n    questions"))],
        [("45:11", "error", "in a circle: one → two → one", "`next: end`")],
    ),
    "unreachable phase": (
        [("    turn_profile: slow", "    turn_profile: slow\n    next: end")],
        [("41:9", "error", "'two' is never reached", "`next: two`")],
    ),
    "phase named end": (
        [("  - id: two", "  - id: end")],
        [
            ("40:9", "error", "`end` is no name for a phase", "Rename it"),
        ],
    ),
    "phase twice": (
        [("  - id: two", "  - id: one")],
        [("40:9", "error", "a phase 'one' on line 29 already", "its own id")],
    ),
    "question twice": (
        [("id: dinner", "id: breakfast")],
        [("46:13", "error", "a question 'breakfast' on line 36 already", "its own id")],
    ),
    "no phases": (
        [(GOOD[GOOD.index("phases:\n") :], "phases: []\n")],
        [
            ("21:10", "warning", "No question uses the topic", "Name it"),
            ("23:9", "warning", "No question uses the probe", "Name it"),
            ("28:9", "error", "no phases", "Write at least one"),
        ],
    ),
    "phase without questions": (
        [("      - id: dinner\n        wording: What will you have for dinner?\n        probes: none\n", "      []\n")],
        [("46:7", "error", "no questions", "Write at least one")],
    ),
    "least time above the most": (
        [(FIRST, FIRST.replace("1", "6", 1))],
        [("32:18", "error", "at least 6 and at most 5", "`min_minutes: 5`")],
    ),
    "phase beyond the limit": (
        [("    max_minutes: 5\n    turn", "    max_minutes: 21\n    turn")],
        [
            ("15:23", "warning", "may take 26 minutes together", "`hard_limit_minutes: 26`"),
            ("33:18", "error", "may take 21 minutes", "20 or less"),
        ],
    ),
    "least times beyond the limit": (
        [("hard_limit_minutes: 20", "hard_limit_minutes: 5"), (FIRST, FIRST.replace("1", "5", 1))],
        [("15:23", "error", "at least 6 minutes together", "`hard_limit_minutes: 8`")],
    ),
    "least times beyond the wrap-up": (
        [("hard_limit_minutes: 20", "hard_limit_minutes: 6"), (FIRST, FIRST.replace("1", "5", 1))],
        [("15:23", "warning", "Wrapping up begins after 4.8 minutes", "Raise")],
    ),
    "wrap-up before the beginning": (
        [("idle_s: 90", "idle_s: 90\n  wrap_up_before_s: 1200")],
        [
            ("15:23", "warning", "Wrapping up begins after 0 minutes", "Raise"),
            ("18:21", "error", "1200 s before the end", "`wrap_up_before_s: 240`"),
        ],
    ),
    "reminder after the end": (
        [("idle_prompt_s: 30", "idle_prompt_s: 90")],
        [("16:18", "error", "no earlier than the end", "`idle_prompt_s: 45`")],
    ),
    "waits that fall": (
        [("min_wait_s: 1,", "min_wait_s: 3,")],
        [("19:22", "error", "`min_wait_s` (3 s) is longer than `max_wait_s` (2 s)", "`min_wait_s: 2` or less")],
    ),
    "unknown turn setting": (
        [("min_wait_s: 1,", "min_wiat_s: 1,")],
        [("19:10", "error", "no `min_wiat_s` in a turn profile", "Did you mean `min_wait_s`?")],
    ),
    "consent without disclosure": (
        [("  disclosure: I am a computer program.\n", "")],
        [("11:3", "error", "`disclosure` is missing from the consent", "computer program")],
    ),
    "disclosure that hides the machine": (
        [("disclosure: I am a computer program.", "disclosure: I am Ada and I will ask you some questions.")],
        [("13:15", "warning", "does not seem to say that no person is speaking", "plainly")],
    ),
    "no condition": (
        [("    when: {short_answer: 8}", "    when: {}")],
        [("25:11", "error", "`when` is empty", "short_answer, vague")],
    ),
    "unknown condition": (
        [("    when: {short_answer: 8}", "    when: sometimes")],
        [("25:11", "error", "'sometimes' is no condition", "Write one of")],
    ),
    "two conditions": (
        [("when: {short_answer: 8}", "when: {short_answer: 8, keywords: [tea]}")],
        [("25:11", "error", "one condition, not two", "two probes")],
    ),
    "keywords without words": (
        [("when: {short_answer: 8}", "when: keywords")],
        [("25:11", "error", "needs the words", "`when: {keywords:")],
    ),
    "no keywords": (
        [("when: {short_answer: 8}", "when: {keywords: []}")],
        [("25:22", "error", "empty list", "[word, another word]")],
    ),
    "unknown line": (
        [("opening: Hello.", "opening: Hello.\nlines:\n  nudgee: Hello?")],
        [("28:3", "error", "no `nudgee` in the lines", "Did you mean `nudge`?")],
    ),
    "long wording": (
        [("wording: What will you have for dinner?", f"wording: {'What ' * 60}now?")],
        [("47:18", "warning", "61 words", "Shorten it")],
    ),
    "leading question": (
        [("What will you have for dinner?", "Don't you think dinner is best?")],
        [("47:18", "warning", "suggests its answer", "Ask openly")],
    ),
    "double question": (
        [("What will you have for dinner?", "What will you have for dinner, and why?")],
        [("47:18", "warning", "two things at once (“and why”)", "Ask one thing")],
    ),
    "unused topic": (
        [("        topics: [food]\n", "")],
        [("21:10", "warning", "No question uses the topic 'food'", "Name it")],
    ),
    "unused probe": (
        [("probes: [more]", "probes: none")],
        [("23:9", "warning", "No question uses the probe 'more'", "Name it")],
    ),
    "unknown way to moderate": (
        [("consent:", "moderator:\n  mode: semi-structured\nconsent:")],
        [("11:9", "error", "'semi-structured' is no way to moderate", "Did you mean `semi_structured`?")],
    ),
    "unknown key of the moderator": (
        [("consent:", "moderator:\n  mode: semi_structured\n  persona: kind\nconsent:")],
        [("12:3", "error", "no `persona` in the moderator section", "profile, realtime, style, freedom, own_probes")],
    ),
    "moderator that is no map": (
        [("consent:", "moderator: semi_structured\nconsent:")],
        [("10:12", "error", "`moderator` must be the moderator section", "Indent")],
    ),
    "profile that is no name": (
        [("consent:", "moderator: {mode: semi_structured, profile: Big Model}\nconsent:")],
        [("10:45", "error", "'Big Model' is no id", "Write `big-model`.")],
    ),
    "unknown freedom and too many follow-ups": (
        [("consent:", "moderator:\n  mode: semi_structured\n  freedom: all\n  own_probes: 9\nconsent:")],
        [
            ("12:12", "error", "'all' is no freedom of a model", "bridge, reword, explore"),
            ("13:15", "error", "9 follow-ups is out of range", "from 0 to 5"),
        ],
    ),
    "words for a model where there is none": (
        [("consent:", "moderator:\n  style: Friendly.\n  freedom: explore\nconsent:")],
        [
            ("11:10", "warning", "`style` is for a language model", "mode: semi_structured"),
            ("12:12", "warning", "`freedom` is for a language model", "mode: semi_structured"),
        ],
    ),
    "follow-ups where none are possible": (
        [("consent:", "moderator: {mode: semi_structured, freedom: bridge, own_probes: 3}\nconsent:")],
        [("10:65", "warning", "`own_probes` is not used", "freedom: reword")],
    ),
    "a style that is a novel": (
        [("consent:", f"moderator:\n  mode: semi_structured\n  style: {'word ' * 151}\nconsent:")],
        [("12:10", "warning", "The style has 151 words", "instructions")],
    ),
    "a language no model is prepared for": (
        [
            ("languages: [en]", "languages: [en, tr]"),
            ("voices:", "voices:\n  tr: {engine: piper, voice: tr_TR-dfki-medium}"),
            ("consent:", "moderator: {mode: semi_structured}\nconsent:"),
        ],
        [("7:17", "error", "no prompt pack", "there are packs in de, en, es, fr, ja")],
    ),
    "unknown things of the guard": (
        [
            (
                "consent:",
                "moderator: {mode: semi_structured}\nguard:\n  checks: [advise]\n  models: [Llama Guard]\n"
                "  allow: [S14]\n  timeout_s: 2\n  line: Stop.\nconsent:",
            )
        ],
        [
            ("12:12", "error", "'advise' is no check", "Did you mean `advice`?"),
            ("13:12", "error", "'Llama Guard' is no id", "Write `llama-guard`."),
            ("14:11", "error", "'S14' is no hazard", "Did you mean"),
            ("15:14", "error", "2 seconds is out of range", "from 0.1 to 1.5"),
            ("16:3", "error", "no `line` in the guard section", "`safe_line`"),
        ],
    ),
    "a check that is there twice": (
        [
            (
                "consent:",
                "moderator: {mode: semi_structured}\nguard:\n  checks: [advice, praise, advice]\nconsent:",
            )
        ],
        [("12:28", "error", "`advice` is there twice", "Remove")],
    ),
    "too many guard models": (
        [
            (
                "consent:",
                "moderator: {mode: semi_structured}\nguard:\n  models: [a, b, c, d, e]\nconsent:",
            )
        ],
        [("12:11", "error", "5 guard models are more than 4", "keep the best")],
    ),
    "a guard where there is no model": (
        [("consent:", "guard: {timeout_s: 1}\nconsent:")],
        [("10:8", "warning", "moderated without one", "mode: semi_structured")],
    ),
    "a guard that holds what cannot be held": (
        [("consent:", "moderator: {mode: semi_structured, realtime: voice}\nguard: {timeout_s: 1}\nconsent:")],
        [("10:46", "error", "can only be interrupted", "after_the_fact: true")],
    ),
    "no guard where a speech-to-speech model speaks": (
        [("consent:", "moderator: {mode: semi_structured, realtime: voice}\nconsent:")],
        [("10:46", "error", "can only be interrupted", "after_the_fact: true")],
    ),
    "after the fact where nobody speaks by themselves": (
        [("consent:", "moderator: {mode: semi_structured}\nguard: {after_the_fact: yes}\nconsent:")],
        [("11:25", "error", "neither true nor false", "Write `true`")],
    ),
    "after the fact without a speech-to-speech model": (
        [("consent:", "moderator: {mode: semi_structured}\nguard: {after_the_fact: true}\nconsent:")],
        [("11:25", "warning", "this study names none", "remove it")],
    ),
    "questions that cannot be kept back": (
        [
            (
                "consent:",
                "moderator: {mode: semi_structured, realtime: voice, freedom: bridge}\n"
                "guard: {after_the_fact: true}\nconsent:",
            )
        ],
        [("10:62", "error", "heard before it can be", "freedom: reword")],
    ),
    "a guard that guards nothing": (
        [
            (
                "consent:",
                "moderator: {mode: semi_structured}\nguard: {checks: [], models: [], allow: [S13]}\nconsent:",
            )
        ],
        [
            ("11:8", "warning", "Nothing judges", "Leave out `checks`"),
            ("11:40", "warning", "this study has none", "remove `allow`"),
        ],
    ),
    "a safe line in a language that is not the study's": (
        [
            (
                "consent:",
                "moderator: {mode: semi_structured}\nguard:\n  safe_line: {de: Weiter.}\nconsent:",
            )
        ],
        [("12:19", "error", "'de' is no language of this study", "Add de to `languages`")],
    ),
    "empty instructions": (
        [("    turn_profile: slow", "    turn_profile: slow\n    instructions: ''")],
        [("35:19", "error", "`instructions` is empty", "Write the text")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_problem_is_found_at_its_place(name: str) -> None:
    changes, expected = CASES[name]
    found = problems(changed(*changes))
    if name == "a language no model is prepared for":
        found = [each for each in found if "pack" in each.message]  # its missing texts are another matter
    assert [(f"{each.line}:{each.column}", each.severity) for each in found] == [
        each[:2] for each in expected
    ]
    for each, (_, _, message, suggestion) in zip(found, expected, strict=True):
        assert message in each.message
        assert suggestion in each.suggestion


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    text = changed(
        ("id: good", "id: Good"),
        ("turn_profile: slow", "turn_profile: sluggish"),
        ("idle_s: 90", "idle_s: soon"),
        ("id: dinner", "id: breakfast"),
        ("voice: af_heart", "voice: nobody"),
    )
    assert {each.line for each in problems(text)} == {2, 9, 17, 34, 46}


MULTILINGUAL = changed(
    ("languages: [en]", "languages: [en, fr, it]"),
    ("opening: Hello.", "opening: {en: Hello., fr: Bonjour.}"),
    ("  text: I agree.", "  text: {en: I agree., fr: D'accord., it: Va bene.}"),
    (
        "  disclosure: I am a computer program.",
        "  disclosure: {en: I am a computer., fr: Je suis un ordinateur., it: Sono un computer.}",
    ),
    (
        "    wording: Tell me more.",
        "    wording: {en: Tell me more., fr: Dites-m'en plus., it: Mi dica di più.}",
    ),
)


def test_every_missing_language_is_reported() -> None:
    found = {(each.path, each.severity): each for each in problems(MULTILINGUAL)}
    assert found["opening", "error"].message == "`opening` has no text in Italian (it)."
    assert "this study has 3 languages" in found["closing", "error"].message
    assert "this study has 3 languages" in found["phases[0].questions[0].wording", "error"].message
    assert "no standard lines in Italian (it)" in found["lines", "error"].message
    assert "wrap_up (when the time is nearly over)" in found["lines", "error"].suggestion
    assert "not understood in Italian (it)" in found["languages[2]", "warning"].message
    assert ("title", "error") not in found, "a name may be the same in all languages"
    assert not any("voice" in path for path, _ in found), "Italian has a voice by default"


def test_a_language_without_a_voice_needs_one_in_the_settings() -> None:
    found = problems(
        changed(("languages: [en]", "languages: [sw]"), ("  en: {engine: kokoro, voice: af_heart}", ""))
    )
    assert any(
        each.severity == "warning" and each.message.startswith("There is no voice for Swahili (sw)")
        for each in found
    )


def test_lists_by_language() -> None:
    text = changed(
        ("languages: [en]", "languages: [en, de]"),
        ("when: {short_answer: 8}", "when: {keywords: {en: [train]}}"),
    )
    found = [each for each in problems(text) if "keywords" in each.path]
    assert [each.message for each in found] == ["`keywords` has no list in German (de)."]
    flat = changed(
        ("languages: [en]", "languages: [en, de]"), ("when: {short_answer: 8}", "when: {keywords: [train]}")
    )
    assert any("one list, but this study has 2 languages" in each.message for each in problems(flat))


# Files that are no study, and the one problem each of them gets.
UNREADABLE: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "1:1", "The file is empty."),
    "only a comment": (b"# nothing\n", "1:1", "The file is empty."),
    "not UTF-8": (b"schema: x\ntitle: caf\xe9\n", "2:11", "not UTF-8 text (byte 0xe9)"),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "1:1", "not UTF-8 text (byte 0x89)"),
    "a control character": (b"title: a\x00b\n", "1:9", "control character (code U+0000)"),
    "a tab": (b"consent:\n\tversion: 1\n", "2:1", "A tab stands where YAML wants spaces."),
    "a colon in a text": (b"title: Work: and life\n", "1:12", "A colon stands where"),
    "an open bracket": (b"languages: [en\ntitle: x\n", "2:6", "not YAML"),
    "an open quote": (b'title: "x\n', "2:1", "not YAML"),
    "an alias": (b"a: &x [1]\nb: *x\n", "1:4", "Anchors and aliases"),
    "a tag": (b"a: !!python/object:os.system ls\n", "1:4", "Tags"),
    "two documents": (b"a: 1\n---\nb: 2\n", "2:1", "A second document"),
    "a list as key": (b"? [a]\n: b\n", "1:3", "A key must be a single word"),
    "a code no character has": (b'a: "\\UFFFFFFFF"\n', "1:1", "not YAML"),
    "a bomb of brackets": (b"[" * 100_000, "1:17", "nested deeper than 16 levels"),
    "too many values": (b"- \n" * 60_000, "50000:2", "more than 50000 values"),
    "too big": (b"a" * (MAX_BYTES + 1), "1:1", "bigger than 1 MiB"),
    "ten megabytes": (b"- a\n" * 2_621_440, "1:1", "bigger than 1 MiB"),
}


@pytest.mark.parametrize("name", list(UNREADABLE))
def test_an_unreadable_file_has_one_clear_problem(name: str) -> None:
    data, place, message = UNREADABLE[name]
    found = problems(data)
    assert len(found) == 1
    assert f"{found[0].line}:{found[0].column}" == place
    assert message in found[0].message
    assert found[0].suggestion


@pytest.mark.parametrize("data", [b"just words", b"- a\n- b\n", b"null", b"42"])
def test_a_file_of_the_wrong_shape(data: bytes) -> None:
    assert problems(data)[0].message == "The file must be a study file, with one `name: value` a line."


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    result = check_study(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), source="x.yaml")
    assert result.problems == ()


def test_there_is_an_end_to_the_problems() -> None:
    found = problems("".join(f"key{number}: x\n" for number in range(1000)))
    assert len(found) == MAX_PROBLEMS + 1
    assert "more than" in found[-1].message


def test_loading_raises_with_every_problem() -> None:
    with pytest.raises(StudyError) as caught:
        load_study(
            changed(("id: good", "id: Good"), ("idle_s: 90", "idle_s: soon")).encode(), source="x.yaml"
        )
    assert [each.line for each in caught.value.problems] == [2, 17]
    assert caught.value.what == (
        "The study file x.yaml has 2 errors, the first on line 2: 'Good' is no id: "
        "ids are small letters, digits and hyphens, and begin with a letter."
    )
    assert caught.value.next_step == "Write `good`. `vivavoce study check x.yaml` lists everything."
    assert caught.value.code == "study_invalid"


def test_loading_accepts_warnings() -> None:
    assert load_study(changed(("probes: [more]", "probes: none")).encode(), source="x.yaml").id == "good"


@pytest.mark.parametrize("name", ["demo.yaml", "remote-work.yaml"])
def test_the_example_studies_have_no_problem_at_all(name: str) -> None:
    path = Path(__file__).parents[3] / "studies" / name
    assert check_study(path.read_bytes(), source=name).problems == ()


YAML_SCRAPS = st.sampled_from(
    [
        *"[]{}:,-?&*!|>'\"%@`#\\ \n\t",
        "\n  ",
        ": ",
        "- ",
        "en",
        "id",
        "phases",
        "wording",
        "0x1",
        "1e999",
        "~",
        "null",
    ]
)


SCRAPS = st.lists(YAML_SCRAPS, max_size=60).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | SCRAPS.map(str.encode))
@example(b'"\\U00110000"')
@example(b"%YAML 9.9\n---\na: 1")
@example(b"%TAG ! x:\n---\n!y z")
@example(b"--- >\n  x\n...\n")
@example("\ud800".encode("utf-8", "surrogatepass"))
def test_any_bytes_give_problems_and_never_an_exception(data: bytes) -> None:
    result = check_study(data, source="x.yaml")
    assert result.study is None
    assert result.errors
    for problem in result.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        assert problem.suggestion


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_good_file_cut_and_glued_anywhere_never_raises(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, len(GOOD)))
    glue = data.draw(st.lists(YAML_SCRAPS, max_size=4).map("".join))
    result = check_study((GOOD[:start] + glue + GOOD[end:]).encode(), source="x.yaml")
    assert (result.study is None) == bool(result.errors)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9999) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["en", "id"]), inner),
    max_leaves=6,
)
KEYS = [
    "schema", "id", "title", "about", "languages", "voices", "consent", "limits", "turn_profiles", "topics", "probes",
    "lines", "opening", "closing", "safety", "phases",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON_VALUES, max_size=8))
def test_any_value_in_any_place_never_raises(data: dict[str, object]) -> None:
    assert check_study(json.dumps(data).encode(), source="x.yaml").errors


def test_same_content_has_the_same_hash_however_it_is_laid_out() -> None:
    first = load_study(GOOD.encode(), source="x.yaml")
    relaid = changed(
        ("opening: Hello.\nclosing: Goodbye.\n", ""),
        ("id: good\n", 'id: good   # a comment\n\nclosing: >\n  Goodbye.\nopening: "Hello."\n'),
        ("languages: [en]", "languages:\n  - en"),
        ("idle_s: 90", "idle_s: 90.0"),
        ("    turn_profile: slow", "    turn_profile: slow\n    next: two"),
    )
    assert load_study(relaid.encode(), source="y.yaml").content_hash == first.content_hash


def test_other_content_has_another_hash() -> None:
    first = load_study(GOOD.encode(), source="x.yaml").content_hash
    for old, new in (
        ("opening: Hello.", "opening: Hello!"),
        ("idle_s: 90", "idle_s: 91"),
        ("voice: af_heart", "voice: af_bella"),
        ("opening: Hello.", "opening: Hello.\nlines:\n  nudge: Anybody there?"),
    ):
        assert load_study(changed((old, new)).encode(), source="x.yaml").content_hash != first
    assert len(first) == 64


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("demo.yaml", "28b9a514e3a65de416a7feafe6170e758cd37c2e381292a8245b6cf1a5072cad"),
        ("remote-work.yaml", "d3aef9c757d2bc5515e5dfd966da35fb715ec9febcfbd1a5a7ac6f4464a32be7"),
    ],
)
def test_a_study_without_the_later_keys_keeps_the_hash_it_was_published_under(
    name: str, published: str
) -> None:
    """Write the new hash if you changed what the file says; if you did not, running sessions would lose their study."""
    data = (Path(__file__).parents[3] / "studies" / name).read_bytes()
    assert load_study(data, source=name).content_hash == published


def test_whether_another_language_is_offered_is_part_of_the_hash() -> None:
    texts = (GOOD, GOOD + "language_offer: true\n", GOOD + "language_offer: false\n")
    plain, said, never = (load_study(text.encode(), source="x.yaml") for text in texts)
    assert plain.content_hash == said.content_hash != never.content_hash
    assert not never.language_offer.made


def test_who_moderates_is_part_of_the_hash() -> None:
    plain = load_study(GOOD.encode(), source="x.yaml")
    said = load_study((GOOD + "moderator: {mode: structured}\n").encode(), source="x.yaml")
    thinking = load_study((GOOD + "moderator: {mode: semi_structured}\n").encode(), source="x.yaml")
    told = changed(("    turn_profile: slow", "    turn_profile: slow\n    instructions: Be brief."))
    instructed = load_study(told.encode(), source="x.yaml")
    assert plain.moderator == said.moderator == Moderator()
    assert plain.content_hash == said.content_hash
    assert len({study.content_hash for study in (plain, thinking, instructed)}) == 3
    guarded = GOOD + "moderator: {mode: semi_structured}\nguard: {timeout_s: 1}\n"
    assert load_study(guarded.encode(), source="x.yaml").content_hash != thinking.content_hash
    same = GOOD + "moderator: {mode: semi_structured}\nguard: {timeout_s: 1.5}\n"
    assert load_study(same.encode(), source="x.yaml").content_hash == thinking.content_hash
    assert thinking.moderator.thinks and not plain.moderator.thinks
    assert thinking.moderator.prompts == {"en": load_pack("en").sha256}
    assert instructed.phases[0].instructions == "Be brief."


def test_problem_paths_are_for_people() -> None:
    found = problems(changed(("topics: [food]", "topics: [food, drink]")))
    assert found[0].path == "phases[0].questions[0].topics[1]"


def test_white_space_inside_a_text_is_made_single() -> None:
    text = GOOD.replace("about: Nothing is wrong here.", "about: |\n  Nothing is\n  wrong here.")
    assert load_study(text.encode(), source="x.yaml").about.text("en") == "Nothing is wrong here."
