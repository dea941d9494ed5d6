"""How German speakers steer an interview."""

from vivavoce.protocol.cues.cue import Cue, LanguageCues

GERMAN = LanguageCues(
    fillers=(
        "äh|ähm|hm|hmm|mm|also|ja|nein|nee|ok|okay|gut|bitte|danke|entschuldigung|entschuldigen sie|tut mir leid|naja",
        "tja|oh|ach|und|aber|mal|sorry|nun|so|jetzt|hallo|eigentlich",
    ),
    stop=Cue(
        alone=("stopp", "stop", "schluss", "tschüss", "auf wiedersehen", "auf wiederhören"),
        whole=(
            "stopp|stop|abbrechen|aufhören|es reicht|das reicht",
            "ich (möchte|will|würde gern|würde gerne) [hier] (aufhören|abbrechen|stoppen|nicht mehr)",
            "ich (möchte|will) nicht [mehr] (weitermachen|weiterreden|weitersprechen)",
            "(hören sie|hören wir|lassen sie uns) [hier] (auf|aufhören)|können wir [hier] (aufhören|abbrechen)",
            "ich muss (weg|gehen|los|auflegen)",
        ),
        strong=(
            "ich (möchte|will|würde|muss) (das|dieses|unser) (interview|gespräch) [jetzt|hier] [gern|gerne]"
            " (beenden|abbrechen|stoppen)",
            "(können|könnten) (wir|sie) (das|dieses|unser) (interview|gespräch) [bitte] [jetzt|hier]"
            " (beenden|abbrechen)",
            "(beenden|stoppen) (sie|wir) [bitte] (das|dieses) (interview|gespräch)",
            "(interview|gespräch) (beenden|abbrechen|stoppen)",
            "ich (möchte|will) [jetzt] hier (aufhören|abbrechen)",
            "ich (möchte|will) (das|dieses) (interview|gespräch) nicht (fortsetzen|weiterführen)",
            "ich (möchte|will) (meine teilnahme|die teilnahme) (beenden|zurückziehen|abbrechen)",
        ),
    ),
    repeat=Cue(
        alone=("entschuldigung", "was", "bitte", "hä", "noch mal"),
        whole=(
            "wie bitte|noch einmal|nochmal|nochmals|wiederholen|wiederholen sie|was haben sie gesagt",
            "(wiederholen sie|wiederhole|wiederholen) (das|die frage|es)",
            "die frage (noch einmal|noch mal|nochmal)|(noch einmal|noch mal|nochmal) die frage",
            "ich (kann|konnte) sie nicht [richtig|gut] (hören|verstehen)",
        ),
        strong=(
            "(können|könnten|würden|kannst|könntest|würdest) (sie|du) [mir] (das|es|[die|diese] [letzte] frage"
            "|den letzten teil) [bitte] [noch] [einmal|mal|nochmal] [bitte] (wiederholen|vorlesen)",
            "(können|könnten|würden|kannst|könntest) (sie|du) [mir] (das|es|[die|diese] [letzte] frage) [bitte]"
            " (noch einmal|noch mal|nochmal) [bitte] (sagen|stellen|fragen)",
            "(wie|was) (war|ist|lautete|lautet) [noch] [mal|einmal|gleich] (die|ihre|deine) [letzte] frage"
            " [noch einmal|noch mal|nochmal]",
            "was (haben sie|hast du) [gerade|eben] (gesagt|gefragt)",
            "ich (habe|hab) (sie|dich|das|es|[die|ihre] frage|den (letzten|zweiten|ersten) teil [der frage]) [leider]"
            " [akustisch] nicht [richtig|ganz|gut] (gehört|mitbekommen)",
            "ich (habe|hab) (sie|dich|das|[die|ihre] frage) [leider] akustisch nicht [richtig|ganz] verstanden",
        ),
    ),
    clarify=Cue(
        whole=(
            "[das] (verstehe|versteh) ich nicht [ganz]|ich (verstehe|versteh) [das|sie|es] nicht [ganz]",
            "das (habe|hab) ich [leider] nicht [ganz|richtig] verstanden",
            "ich (habe|hab) (sie|das|es) [leider] nicht [ganz|richtig] verstanden",
            "in welchem sinne|in welcher hinsicht|inwiefern|zum beispiel was|was zum beispiel",
            "(meinen sie|meinst du) ...",
        ),
        strong=(
            "(was|wie) (meinen sie|meinst du) ...",
            "was (bedeutet|heisst) das [genau|denn]",
            "(können|könnten|kannst|könntest|würden) (sie|du) [mir] (das|es|[die|diese] frage) [bitte] [noch]"
            " [einmal|mal] [bitte] [genauer|näher|anders|etwas genauer]"
            " (erklären|erläutern|umformulieren|formulieren|ausdrücken|präzisieren)",
            "(können|könnten|kannst|könntest) (sie|du) (das|es|[die|diese] frage) [bitte]"
            " anders (sagen|fragen|stellen)",
            "(können|könnten) sie [mir] ein beispiel (geben|nennen)",
            "ich (verstehe|versteh) (die|ihre|deine|diese) frage nicht [ganz|richtig]",
            "ich (habe|hab) (die|ihre|deine|diese) frage [leider] nicht [ganz|richtig] verstanden",
        ),
    ),
    decline=Cue(
        alone=("passe", "überspringen"),
        whole=(
            "[die] nächste [frage]|kein kommentar|ich passe|keine angabe|lieber nicht",
            "überspringen (sie|wir) (das|die frage)",
            "das ist [mir] [zu|sehr] (privat|persönlich)",
        ),
        strong=(
            "(das|darüber|darauf|dazu) (möchte|will|würde|kann) ich [lieber|eigentlich|gern|gerne] (nicht|nichts)"
            " (sagen|sprechen|reden|beantworten|antworten|erzählen)",
            "ich (möchte|will|würde) [das|darüber|darauf|dazu|[die|diese] frage] [lieber] (nicht|nichts) [dazu|darüber]"
            " (sagen|sprechen|reden|beantworten|antworten|erzählen)",
            "ich (möchte|will|würde) (die|diese) frage [lieber|gern|gerne] (überspringen|auslassen)",
            "(können|könnten|dürfen) wir (das|[die|diese] frage) [bitte] (überspringen|auslassen|weglassen)",
        ),
    ),
    wait=Cue(
        whole=(
            "[einen|kleinen|einen kleinen] (moment|augenblick) [mal]|[eine] sekunde",
            "warten sie [kurz|mal]|warte [kurz|mal]",
            "(lassen sie|lass) mich [kurz|mal|einen moment] [kurz] (überlegen|nachdenken)",
            "[da|darüber] muss ich [kurz|mal|erst] [kurz|mal] (überlegen|nachdenken)|ich (überlege|denke nach)",
            "ich muss [kurz|mal|erst] [kurz] (überlegen|nachdenken)|mal (sehen|überlegen)",
            "[das ist] [eine] (gute|schwierige|schwere|interessante) frage",
        ),
    ),
    ready=Cue(
        whole=(
            "ich bin (da|hier|bereit|soweit|zurück|[noch|wieder] (da|hier))|[bin] (noch|wieder) da|bereit",
            "weiter|machen sie weiter|mach weiter|weiter gehts|es kann weitergehen|fahren sie fort",
            "wir können (weitermachen|fortfahren)|(hören sie|hörst du) mich|(sind sie|bist du) noch da",
        ),
    ),
    yes_no=Cue(
        whole=(
            "ja|nein|nee|nö|jo|doch|genau|natürlich [nicht]|klar|sicher [nicht]|auf (jeden|keinen) fall|stimmt|richtig",
            "eigentlich (nicht|schon)|nicht wirklich|überhaupt nicht|gar nicht|eher (nicht|ja|nein)|schon|vielleicht",
            "ich (glaube|denke) (schon|nicht|ja|nein)|selbstverständlich|bestimmt|wahrscheinlich [nicht]|nie",
        ),
    ),
    backchannel=Cue(
        whole=(
            "mhm|hm|hmm|mm|aha|okay|ok|ach so|achso|alles klar|[ich] verstehe|äh|ähm|oh|ah|ach|gut|also|hallo|tja|naja",
            "danke|vielen dank|danke schön",
        ),
    ),
    vague=(
        "es kommt darauf an", "kommt drauf an", "irgendwie", "so in der art", "und so", "und so weiter",
        "keine ahnung", "weiß nicht", "weiß ich nicht", "schwer zu sagen", "war okay", "war ganz gut", "ganz normal",
        "wie immer", "nichts besonderes", "mehr oder weniger", "ganz okay", "passt schon", "geht so",
    ),
)  # fmt: skip
