"""A labelled table of what people say, and how it must be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.protocol.cues import CUES
from vivavoce.protocol.facts import Intent
from vivavoce.protocol.intent import read

ENGLISH: list[tuple[str, Intent]] = [
    ("Could you repeat the last question, please? I did not hear the second part of it.", "repeat_request"),
    ("Can you say that again?", "repeat_request"),
    ("Sorry?", "repeat_request"),
    ("Pardon me?", "repeat_request"),
    ("Sorry, what was the question again?", "repeat_request"),
    ("I didn't catch that.", "repeat_request"),
    ("Well, I usually work from the kitchen. Sorry, could you repeat the question?", "repeat_request"),
    ("Say again, please.", "repeat_request"),
    ("I can't repeat that mistake.", "answer"),
    ("They asked me to repeat the question in front of everyone.", "answer"),
    (
        "My manager said, could you repeat the whole training next year, and I was not happy about it.",
        "answer",
    ),
    ("I did not hear about it until Monday.", "answer"),
    ("What do you mean by public service?", "clarify_request"),
    ("I don't understand the question.", "clarify_request"),
    ("Hmm, could you explain that?", "clarify_request"),
    ("Do you mean at work or at home?", "clarify_request"),
    ("In what sense?", "clarify_request"),
    ("I don't understand why they closed the office.", "answer"),
    ("What I mean is that the form was too long.", "answer"),
    ("I'd rather not say.", "decline"),
    ("I would prefer not to answer that.", "decline"),
    ("Skip this one, please.", "decline"),
    ("Can we skip that question?", "decline"),
    ("Next question.", "decline"),
    ("Pass.", "decline"),
    ("No comment.", "decline"),
    ("I'm not comfortable talking about that.", "decline"),
    ("I skip breakfast most days.", "answer"),
    ("I would rather not commute every day.", "answer"),
    ("I pass the shop every morning.", "answer"),
    ("I want to stop.", "stop"),
    ("Stop.", "stop"),
    ("Please stop the interview.", "stop"),
    ("Can we end this conversation here?", "stop"),
    ("I'd like to stop here. I have to pick up my son from school in ten minutes.", "stop"),
    ("I don't want to continue.", "stop"),
    ("I want to withdraw from the study.", "stop"),
    ("I have to go now, sorry.", "stop"),
    ("Goodbye.", "stop"),
    ("I want to stop smoking.", "answer"),
    ("I couldn't stop laughing.", "answer"),
    ("They told me to stop working on it.", "answer"),
    ("I love the job. I want to stop. But I can't afford it.", "answer"),
    ("The bus did not stop at our street.", "answer"),
    ("Hold on.", "wait"),
    ("Let me think.", "wait"),
    ("Hmm, good question. Let me think about that for a moment.", "wait"),
    ("Wait, stop.", "wait"),
    ("Just a second, please.", "wait"),
    ("Wait times were terrible.", "answer"),
    ("Let me think, it was on a Tuesday, and I was at the town hall.", "answer"),
    ("We had to hold on to the old system.", "answer"),
    ("I'm back.", "ready"),
    ("Yes, I'm still here.", "ready"),
    ("Okay, go ahead.", "ready"),
    ("Can you hear me?", "ready"),
    ("Yes.", "yes_no"),
    ("No, not really.", "yes_no"),
    ("Yeah, I do.", "yes_no"),
    ("I don't think so.", "yes_no"),
    ("No, I would not recommend it.", "answer"),
    ("Yes, because the staff were kind.", "answer"),
    ("Mm-hmm.", "backchannel"),
    ("Uh-huh.", "backchannel"),
    ("Okay.", "backchannel"),
    ("Okay, I see.", "backchannel"),
    ("Thank you.", "backchannel"),
    ("Okay, so I woke up at six.", "answer"),
    ("It depends.", "answer"),
    ("Go forward ten meters.", "answer"),
]

GERMAN: list[tuple[str, Intent]] = [
    ("Können Sie das bitte wiederholen?", "repeat_request"),
    ("Wie bitte?", "repeat_request"),
    ("Noch einmal, bitte.", "repeat_request"),
    ("Wie war die Frage noch mal?", "repeat_request"),
    ("Ich habe Sie akustisch nicht verstanden.", "repeat_request"),
    ("Ich musste die Prüfung wiederholen.", "answer"),
    ("Was meinen Sie damit?", "clarify_request"),
    ("Das verstehe ich nicht.", "clarify_request"),
    ("Könnten Sie die Frage anders formulieren?", "clarify_request"),
    ("Ich verstehe nicht, warum das so lange dauert.", "answer"),
    ("Dazu möchte ich nichts sagen.", "decline"),
    ("Nächste Frage, bitte.", "decline"),
    ("Können wir die Frage überspringen?", "decline"),
    ("Ich möchte das Interview beenden.", "stop"),
    ("Ich will aufhören.", "stop"),
    ("Stopp!", "stop"),
    ("Ich möchte mit dem Rauchen aufhören.", "answer"),
    ("Moment mal, bitte.", "wait"),
    ("Da muss ich kurz überlegen.", "wait"),
    ("Im Moment arbeite ich von zu Hause.", "answer"),
    ("Ich bin wieder da.", "ready"),
    ("Ja.", "yes_no"),
    ("Nein, eigentlich nicht.", "yes_no"),
    ("Mhm.", "backchannel"),
    ("Alles klar, danke.", "backchannel"),
    ("Ja, weil es schneller ging.", "answer"),
]

FRENCH: list[tuple[str, Intent]] = [
    ("Pouvez-vous répéter la question, s'il vous plaît ?", "repeat_request"),
    ("Pardon ?", "repeat_request"),
    ("Comment ?", "repeat_request"),
    ("Je n'ai pas bien entendu la fin de la question.", "repeat_request"),
    ("Encore une fois, s'il vous plaît.", "repeat_request"),
    ("Il faut toujours répéter les mêmes choses.", "answer"),
    ("Que voulez-vous dire par là ?", "clarify_request"),
    ("Je ne comprends pas la question.", "clarify_request"),
    ("Vous pouvez préciser ?", "clarify_request"),
    ("C'est-à-dire que je travaille le soir.", "answer"),
    ("Je préfère ne pas répondre.", "decline"),
    ("Question suivante.", "decline"),
    ("On peut passer cette question ?", "decline"),
    ("Je passe beaucoup de temps au téléphone.", "answer"),
    ("Je voudrais arrêter l'entretien.", "stop"),
    ("Arrêtez, s'il vous plaît.", "stop"),
    ("Je veux arrêter de fumer.", "answer"),
    ("Attendez un instant.", "wait"),
    ("Laissez-moi réfléchir.", "wait"),
    ("Je suis de retour.", "ready"),
    ("Oui, bien sûr.", "yes_no"),
    ("Non, pas vraiment.", "yes_no"),
    ("D'accord.", "backchannel"),
    ("Ce que j’ai préféré, c’est la simplicité de l’application.", "answer"),
]

SPANISH: list[tuple[str, Intent]] = [
    ("¿Puede repetir la pregunta, por favor?", "repeat_request"),
    ("¿Cómo?", "repeat_request"),
    ("¿Me lo repite?", "repeat_request"),
    ("No he oído la última parte de la pregunta.", "repeat_request"),
    ("¿Me lo puede decir otra vez?", "repeat_request"),
    ("Tuve que repetir el curso.", "answer"),
    ("¿Qué quiere decir con eso?", "clarify_request"),
    ("No entiendo la pregunta.", "clarify_request"),
    ("¿A qué se refiere exactamente?", "clarify_request"),
    ("No entiendo por qué tardan tanto.", "answer"),
    ("Prefiero no contestar.", "decline"),
    ("Siguiente pregunta.", "decline"),
    ("¿Podemos pasar a la siguiente?", "decline"),
    ("Paso mucho tiempo en casa.", "answer"),
    ("Quiero terminar la entrevista.", "stop"),
    ("Me gustaría dejarlo aquí.", "stop"),
    ("No quiero seguir.", "stop"),
    ("Quiero dejar de fumar.", "answer"),
    ("Un momento, por favor.", "wait"),
    ("Déjeme pensar.", "wait"),
    ("Sigo aquí.", "ready"),
    ("Sí, claro.", "yes_no"),
    ("No, para nada.", "yes_no"),
    ("Ajá.", "backchannel"),
    ("Vale, gracias.", "backchannel"),
    ("Lo que más me gustó fue la rapidez del servicio.", "answer"),
]

JAPANESE: list[tuple[str, Intent]] = [
    ("もう一度お願いします。", "repeat_request"),
    ("すみません、もう一回言ってもらえますか？", "repeat_request"),
    ("質問をもう一度言ってください。", "repeat_request"),
    ("今の質問がよく聞き取れませんでした。", "repeat_request"),
    ("えっと、質問を繰り返していただけますか。", "repeat_request"),
    ("すみません？", "repeat_request"),
    ("声が聞こえません。", "repeat_request"),
    ("質問は何でしたっけ？", "repeat_request"),
    ("もう一度行きたいです。", "answer"),
    ("もう一度やり直しました。", "answer"),
    ("上司に、もう一度言ってくださいと頼みました。", "answer"),
    ("同じことを何度も繰り返しています。", "answer"),
    ("後ろの席の人には聞こえません。", "answer"),
    ("それはどういう意味ですか？", "clarify_request"),
    ("公共サービスとは何ですか？", "clarify_request"),
    ("質問の意味がよくわかりません。", "clarify_request"),
    ("もう少し具体的に言っていただけますか。", "clarify_request"),
    ("例えば？", "clarify_request"),
    ("別の言い方でお願いします。", "clarify_request"),
    ("意味のある仕事だと思いました。", "answer"),
    ("なぜそんなに時間がかかるのかわかりません。", "answer"),
    ("もう少し詳しく説明してほしかったです。", "answer"),
    ("例えば、窓口が少なすぎると思います。", "answer"),
    ("答えたくありません。", "decline"),
    ("その質問には答えたくないです。", "decline"),
    ("その話はあまりしたくないんです。", "decline"),
    ("パスします。", "decline"),
    ("次の質問をお願いします。", "decline"),
    ("この質問は飛ばしてもらえますか。", "decline"),
    ("ノーコメントで。", "decline"),
    ("スキップ。", "decline"),
    ("パスポートを取りました。", "answer"),
    ("次の日に役所へ行きました。", "answer"),
    ("家族とその話はしたくないと言っていました。", "answer"),
    ("朝ご飯はよくスキップします。", "answer"),
    ("ストップ。", "stop"),
    ("やめてください。", "stop"),
    ("もうやめたいです。", "stop"),
    ("すみません、ここで終わりにしたいのですが。", "stop"),
    ("インタビューをやめたいです。", "stop"),
    ("インタビューを終わりにしてもいいですか？", "stop"),
    ("疲れました。このインタビューはここで終わりにしたいです。子どもを迎えに行くので。", "stop"),
    ("同意を撤回します。", "stop"),
    ("調査への参加を取りやめたいです。", "stop"),
    ("これ以上続けたくありません。", "stop"),
    ("もう行かないといけません。", "stop"),
    ("さようなら。", "stop"),
    ("電話を切ってもいいですか。", "stop"),
    ("たばこをやめたいです。", "answer"),
    ("仕事をやめたいと思っています。", "answer"),
    ("途中でやめました。", "answer"),
    ("会議を終わりにしたかったんです。", "answer"),
    ("そのインタビューを途中でやめた人もいます。", "answer"),
    ("バスはうちの前では止まりません。", "answer"),
    ("ストップウォッチを使っています。", "answer"),
    ("もう電話を切りたいくらい待たされました。", "answer"),
    ("同意書に名前を書きました。", "answer"),
    ("五時までに行かないといけませんでした。", "answer"),
    ("ちょっと待ってください。", "wait"),
    ("少し考えさせてください。", "wait"),
    ("うーん、難しい質問ですね。", "wait"),
    ("一時停止してください。", "wait"),
    ("少し時間をください。", "wait"),
    ("一時間待ってもらいました。", "answer"),
    ("ちょっと待ってくださいと言われました。", "answer"),
    ("待ち時間が長かったです。", "answer"),
    ("よく考えてから決めました。", "answer"),
    ("戻りました。", "ready"),
    ("はい、まだいます。", "ready"),
    ("はい、続けてください。", "ready"),
    ("聞こえますか？", "ready"),
    ("もしもし。", "ready"),
    ("夕方には駅に戻りました。", "answer"),
    ("三回続けて行きました。", "answer"),
    ("はい。", "yes_no"),
    ("いいえ、違います。", "yes_no"),
    ("はい、そうです。", "yes_no"),
    ("ええ、もちろんです。", "yes_no"),
    ("はい、とても便利でした。", "answer"),
    ("いいえ、使いませんでした。", "answer"),
    ("うーん。", "backchannel"),
    ("なるほど。", "backchannel"),
    ("ありがとうございます。", "backchannel"),
    ("わかりました。", "backchannel"),
    ("わかりません。", "answer"),
    ("場合によります。", "answer"),
    ("一番よかったのは、手続きが早かったことです。", "answer"),
]

TABLE = [
    (language, text, intent)
    for language, rows in (
        ("en", ENGLISH),
        ("de", GERMAN),
        ("fr", FRENCH),
        ("es", SPANISH),
        ("ja", JAPANESE),
    )
    for text, intent in rows
]


@pytest.mark.parametrize(("language", "text", "intent"), TABLE)
def test_utterance_is_read_as_labelled(language: str, text: str, intent: Intent) -> None:
    assert read(text, language).intent == intent


SINGLE_SENTENCES = [row for row in TABLE if sum(row[1].count(mark) for mark in ".?!。？！") <= 1]


@pytest.mark.parametrize(("language", "text", "intent"), SINGLE_SENTENCES)
def test_reading_does_not_depend_on_punctuation_the_transcriber_may_leave_out(
    language: str, text: str, intent: Intent
) -> None:
    flat = "".join(char for char in text.lower() if char not in ".,!?¿¡。、！？")
    assert read(flat, language).intent == intent


def test_a_regional_language_reads_like_its_language() -> None:
    assert read("I'd rather not say.", "en-GB").intent == "decline"


def test_a_language_without_cues_hears_answers_only() -> None:
    assert read("Stop.", "fi").intent == "answer"


@pytest.mark.parametrize(
    ("text", "vague"),
    [
        ("It depends.", True),
        ("It was fine.", True),
        ("I opened the letter and called them at once.", False),
        (
            "It depends on the day, because on Mondays the children are at home with me and on other days I can"
            " leave the house at seven.",
            False,
        ),
    ],
)
def test_vague_answers(text: str, vague: bool) -> None:
    assert read(text, "en").vague is vague


def test_words_are_counted_in_scripts_without_spaces_too() -> None:
    assert read("I get up at six.", "en").words == 5
    assert read("私は毎朝六時に起きます。", "ja").words == 6
    assert read("   ", "en").words == 0


@given(st.text(max_size=400), st.sampled_from([*CUES, "fi", "en-GB"]))
def test_any_text_is_read(text: str, language: str) -> None:
    reading = read(text, language)
    assert reading.words >= 0
    assert reading == read(text, language)


@pytest.mark.parametrize("language", sorted(CUES))
def test_no_utterance_stalls_the_reading(language: str) -> None:
    """Words that are fillers and cues at once must not multiply the ways to read a sentence: 2^29 would never end."""
    yes = {"en": "yes", "de": "ja", "fr": "oui", "es": "sí", "ja": "はい"}[language]
    assert read(f"{yes} " * 29 + "xylophone", language).intent == "answer"
    assert read(f"{yes} " * 20_000 + "xylophone", language).intent == "answer"
