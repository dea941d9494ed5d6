"""Words that say nothing of a topic, by language: function words and what people say while they think."""

from __future__ import annotations

from vivavoce.protocol.languages import base_language

_WORDS = {
    "en": """
a about actually after again all also always am an and any anything are aren't as at back be because been
before being bit but by can can't could couldn't did didn't do does doesn't doing don't done down each else
even ever every everything few for from get gets getting go goes going gone good got had has have haven't
having he her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its just kind know less
let like little look lot made make makes many may maybe me mean might more most much must my never no not
nothing now of off oh okay on once one ones only or other our out over own people perhaps probably quite
rather really right said same say see she should so some someone something sometimes sort still stuff such
sure take than that that's the their them then there there's these they they're thing things think this
those though thought through to too try two uh um under until up upon us use used very want wanted was
wasn't way we we're well went were weren't what when where which while who why will with without won't would
wouldn't yeah yes yet you you're your yours
""",
    "de": """
aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bisschen bist
da dabei damit dann das dass davon dazu dein deine dem den denn der des deshalb die dies diese diesem diesen
dieser dieses doch dort du durch eben ein eine einem einen einer eines einfach einmal er es etwas euch eure
für ganz gar gegen gehabt genau ging gut hab habe haben halt hat hatte hatten hier hin ich ihm ihn ihnen ihr
ihre ihren im immer in ins ist irgendwie ja jede jeden jeder jedes jetzt kann kein keine keinen können
könnte machen mal man manchmal mehr mein meine meinem meinen meiner mich mir mit muss musste nach nicht
nichts noch nun nur ob oder ohne okay schon sehr sein seine seit sich sie sind so solche soll sollte sondern
sonst um und uns unser unter viel viele vom von vor war waren warum was weil wenn wer werden wie wieder will
wir wird wo wurde würde wäre zu zum zur zwar zwischen äh ähm
""",
    "fr": """
ai aller alors après as au aucun aussi autre autres aux avant avec avez avoir avons avait beaucoup bien bon
c'est ce cela ces cet cette ceux chaque chez comme comment d'un d'une dans de des donc dont du elle elles en
encore entre est et euh eu être fait faire faut fois il ils j'ai j'avais je juste l'on la le les leur leurs
lui là ma mais me mes moi moins mon même n'ai n'est ne ni non nos notre nous on ont ou oui où par parce pas
pendant peu peut peut-être plus plutôt pour pourquoi qu'il qu'on quand que quel quelle quelque qui quoi rien
s'est sa sans se ses si son sont sous souvent sur ta te tes toi ton toujours tous tout toute toutes très
trop tu un une vers voilà vos votre vous vraiment ça étais était étaient été êtes sommes suis à c'était
j'en j'étais j'y m'a m'en m'y n'en n'y qu'elle qu'elles qu'ils s'il
""",
    "es": """
a al algo alguna algunos ahora ante antes aquí así aunque bastante bien bueno cada casi como cómo con cosa
cosas creo cual cuando de del desde donde dos durante e el él ella ellas ellos en entonces entre era eran es
esa esas ese eso esos esta está están estas este esto estos estaba estoy fue fueron gente ha había hace
hacer han hasta hay he la las le les lo los luego mas más me mi mí mis mismo mucha mucho muchos muy nada ni
no nos nosotros nunca o os otra otro otros para parece pero poco por porque pues puede puedo que qué quien
quiero se sea ser si sí sido siempre sin sobre son soy su sus también tan tanto te tengo tenía tiene tienen
todo todos toda todas tu tus un una uno unos usted va vez veces voy y ya yo eh
""",
}

_SETS = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def stopwords(language: str | None) -> frozenset[str]:
    """Those of a language, whatever its region; none where we have no list."""
    return frozenset() if language is None else _SETS.get(base_language(language), frozenset())
