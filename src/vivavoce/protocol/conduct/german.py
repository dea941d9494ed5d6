"""What a German-speaking moderator does not say."""

from vivavoce.protocol.conduct.phrases import ConductPhrases

GERMAN = ConductPhrases(
    leading=(
        "(finden|glauben|meinen|denken) sie nicht [auch]|(ist|sind|war|waren) (es|das|sie) nicht",
        "würden sie [mir] nicht [auch] (sagen|zustimmen|meinen)|(sollte|sollten|müsste|müssten|wäre|wären) ... nicht",
        "(sicher|sicherlich|bestimmt|offensichtlich) (finden|meinen|denken|haben|hatten|würden|sind|waren|war|ist)",
        "sie (stimmen|würden) [also|doch|mir] [also|doch|mir] (zu|zustimmen)",
        "(es|das|sie|die) (ist|war|sind|waren|haben|hatten) (doch|bestimmt|sicher)",
    ),
    tags=("nicht wahr|oder|nicht|gell|stimmts|richtig|ja", "(finden|meinen|denken) sie nicht [auch]"),
    reports=(
        "[also] sie (sagten|sagen|meinten|meinen|dachten|denken|fanden|finden|erwähnten|glauben|glaubten)",
        "[also] sie haben [mir] (gesagt|erwähnt|gemeint|gedacht)|sie hatten das gefühl",
    ),
    advice=(
        "[und|aber|dann|also|vielleicht|ich finde|ich denke] sie (sollten|sollen|müssten|müssen|dürfen nicht)",
        "[und|aber|dann|also|vielleicht|da|deshalb] (sollten|müssten|müssen) sie",
        "ich (empfehle|rate|würde ihnen [raten|empfehlen]|kann ihnen [nur] (raten|empfehlen))",
        "mein (rat|ratschlag|tipp|vorschlag)|meine empfehlung|an ihrer stelle",
        "es (ist|wäre) (besser|am besten|ratsam|sinnvoll) wenn sie|am besten (wäre|gehen sie|sprechen sie|machen sie)",
        "(sprechen sie mit|gehen sie zu|wenden sie sich an|suchen sie|fragen sie)"
        " (einem|einer|einen|eine|ihrem|ihrer|ihren) (arzt|ärztin|therapeuten|therapeutin|anwalt|anwältin|psychologen)",
    ),
    disclosure=(
        "(meine|meinen|meiner) (anweisungen|anweisung|anleitung|vorgaben|instruktionen|regeln|werkzeuge)",
        "meine programmierung",
        "mein (prompt|systemprompt|auftrag lautet|system prompt)|(ich bin [nur] ein|als) [großes] sprachmodell",
        "(ich wurde|mir wurde|ich bin) (angewiesen|gesagt|programmiert|darauf programmiert|trainiert|beauftragt)",
        "ich bin (chatgpt|gpt|claude|gemini|llama|mistral|qwen)",
    ),
)
