"""How French speakers steer an interview."""

from vivavoce.protocol.cues.cue import Cue, LanguageCues

FRENCH = LanguageCues(
    fillers=(
        "euh|heu|hum|hm|ben|bah|bon|alors|oui|ouais|non|ok|okay|d'accord|merci|pardon|désolé|désolée|excusez moi",
        "s'il vous plaît|s'il te plaît|svp|et|mais|enfin|voilà|ah|oh|donc|maintenant|bonjour|en fait|je crois",
    ),
    stop=Cue(
        alone=("stop", "au revoir"),
        whole=(
            "stop|arrêtez|arrête|j'arrête|ça suffit|arrêtons [nous] [là|ici]|on arrête [là|ici]|on s'arrête [là|ici]",
            "(je veux|je voudrais|j'aimerais|je souhaite|je préfère|on peut|peut on)"
            " (arrêter|m'arrêter|s'arrêter)",
            "je [ne] veux (plus|pas) continuer|je dois (partir|y aller|vous laisser|raccrocher)",
        ),
        strong=(
            "[je veux|je voudrais|j'aimerais|je souhaite|je préfère|on peut|peut on|pouvons nous|est ce qu'on peut"
            "|pouvez vous] (arrêter|terminer|stopper|interrompre|finir) (l'entretien|cet entretien|l'interview"
            "|cette interview|la conversation|cette conversation|l'appel) [là|ici]",
            "(arrêtez|arrêtons|stoppez|terminez|terminons) (l'entretien|cet entretien|l'interview|cette interview"
            "|la conversation)",
            "(je veux|je voudrais|j'aimerais|je souhaite) (arrêter|m'arrêter) (là|ici)",
            "je [ne] veux (plus|pas) continuer (l'entretien|cet entretien|l'interview|cette conversation)",
            "(je veux|je voudrais|je souhaite) me retirer [de (l'étude|cette étude|l'entretien)]",
        ),
    ),
    repeat=Cue(
        alone=("pardon", "quoi", "hein", "comment", "excusez moi", "désolé", "désolée", "encore"),
        whole=(
            "vous dites|encore une fois|une fois de plus|plaît il|la question",
            "(répétez|répète|répéter) [ça|la question|s'il vous plaît]",
            "je [ne] vous entends pas [bien]|(je n'ai|j'ai|je ne vous ai|je vous ai) pas [bien] entendu",
        ),
        strong=(
            "[est ce que] (pouvez vous|pourriez vous|peux tu|pourrais tu|vous pouvez|vous pourriez|tu peux|tu pourrais)"
            " [s'il vous plaît|s'il te plaît] [me|le|la] (répéter|redire|reposer|relire)"
            " [ça|cela|[la|votre|cette] [dernière] question|ce que vous avez dit|la fin] [encore une fois]",
            "(quelle était|quelle est|c'était quoi|c'est quoi) (la|votre|ta) [dernière] question [déjà]",
            "(qu'avez vous|qu'est ce que vous avez|vous avez) (dit|demandé) [quoi]",
            "(je n'ai|j'ai) pas [bien|tout] (entendu|saisi) (la [dernière] question|votre question|la fin"
            "|la (première|deuxième|seconde|dernière) partie|ce que vous avez dit) [de la question]",
        ),
    ),
    clarify=Cue(
        whole=(
            "je [ne] comprends pas [bien|très bien]|(je n'ai|j'ai) pas [bien|tout] compris|c'est à dire",
            "comment ça|dans quel sens|comme quoi|par exemple",
        ),
        strong=(
            "(que voulez vous dire|que veux tu dire|qu'est ce que vous (voulez dire|entendez)|qu'entendez vous"
            "|vous voulez dire quoi|tu veux dire quoi|qu'est ce que tu veux dire) ...",
            "vous voulez dire ...",
            "[est ce que] (pouvez vous|pourriez vous|peux tu|vous pouvez|vous pourriez|tu peux) [me]"
            " (expliquer|préciser|reformuler|clarifier) ...",
            "(pouvez vous|pourriez vous|vous pouvez) [me]"
            " (le dire autrement|donner un exemple|être plus (précis|précise))",
            "je [ne] comprends pas [bien|très bien] (la|votre|cette|ta) question",
            "(je n'ai|j'ai) pas [bien] compris (la|votre|cette|ta) question",
            "[qu'est ce que] (ça|cela) veut dire [quoi]",
        ),
    ),
    decline=Cue(
        alone=("suivante", "suivant", "passons", "joker"),
        whole=(
            "je passe|[la] question suivante|la suivante|(sans|pas de) commentaire|on passe",
            "c'est [trop|un peu|très] (privé|personnel)|je préfère pas|je préfère ne pas",
        ),
        strong=(
            "(je préfère|je préférerais|j'aimerais mieux|j'aime mieux) [ne] pas"
            " (répondre|en parler|le dire|en discuter) [à (cette|la) question]",
            "je [ne] (veux|souhaite|peux|voudrais) pas (répondre|en parler) [à (cette|la|votre) question|à ça|à cela]",
            "(on peut|pouvons nous|est ce qu'on peut|peut on|je voudrais|j'aimerais|je veux) (passer|sauter)"
            " (cette question|la question|celle là|à la suite|à la [question] suivante)",
        ),
    ),
    wait=Cue(
        whole=(
            "attendez|attends|[juste] (un|une|deux) [petit|petite] (instant|moment|seconde|secondes|minute|minutes)",
            "patientez",
            "(laissez|laisse) moi (réfléchir|y réfléchir|une seconde|un instant|un moment)|je réfléchis",
            "(je dois|il faut que je|j'ai besoin de) (réfléchir|réfléchisse|y réfléchir)|voyons [voir]",
            "[c'est] [une] (bonne|excellente) question|donnez moi (un instant|une seconde|une minute|un moment)",
        ),
    ),
    ready=Cue(
        whole=(
            "je suis [toujours|encore] (là|ici|de retour|prêt|prête)|toujours là|prêt|prête|c'est bon",
            "allez y|vas y|continuez|continue|vous pouvez (continuer|y aller)|on (continue|peut continuer|y va)",
            "[est ce que] vous m'entendez|vous êtes [toujours] là",
        ),
    ),
    yes_no=Cue(
        whole=(
            "oui|ouais|non|si|bien sûr [que (oui|non)]|absolument [pas]|tout à fait|exactement",
            "pas (vraiment|du tout|trop)",
            "certainement [pas]|peut être|je (crois|pense) [que (oui|non)]|c'est (vrai|ça|exact)|jamais|sans doute",
            "évidemment|plutôt (oui|non)|probablement [pas]|carrément",
        ),
    ),
    backchannel=Cue(
        whole=(
            "mhm|hm|hmm|hum|mm|euh|ok|okay|d'accord|je vois|ah [bon]|oh|merci [beaucoup]|très bien|entendu|bonjour",
            "allô|bon|bien|ben|alors",
        ),
    ),
    vague=(
        "ça dépend", "un peu", "plus ou moins", "quelque chose comme ça", "des trucs", "je ne sais pas",
        "je sais pas", "aucune idée", "difficile à dire", "c'était bien", "ça va", "comme d'habitude",
        "rien de spécial",
        "et tout ça", "et cetera", "normal", "pas mal", "c'était correct",
    ),
)  # fmt: skip
