"""How Spanish speakers steer an interview."""

from vivavoce.protocol.cues.cue import Cue, LanguageCues

SPANISH = LanguageCues(
    fillers=(
        "eh|em|mmm|este|bueno|pues|sí|no|vale|ok|okay|por favor|gracias|perdón|perdone|disculpe|disculpa|lo siento",
        "y|pero|ah|oh|entonces|mire|oiga|ahora|ya|hola|la verdad|creo",
    ),
    stop=Cue(
        alone=("stop", "basta", "adiós", "pare", "parar"),
        whole=(
            "pare|stop|basta|paremos|terminemos|para ya|lo dejamos [aquí]",
            "(quiero|quisiera|me gustaría|prefiero|podemos|podríamos) (parar|terminar|dejarlo) [aquí]",
            "no quiero (seguir|continuar) [más]|(tengo que|debo) irme|me tengo que ir",
        ),
        strong=(
            "[quiero|quisiera|me gustaría|prefiero|podemos|podríamos|puede|podría|necesito|deseo]"
            " (parar|terminar|acabar|dejar|detener|finalizar|interrumpir) (la|esta)"
            " (entrevista|conversación|llamada) [aquí]",
            "(quiero|quisiera|me gustaría) (parar|terminar|dejarlo) aquí",
            "(pare|termine|detenga|paremos|terminemos) (la|esta) (entrevista|conversación)",
            "no quiero (seguir|continuar) [con] (la|esta) (entrevista|conversación)",
            "(quiero|quisiera|me gustaría) retirarme [del estudio|de (la|esta) entrevista]",
        ),
    ),
    repeat=Cue(
        alone=("perdón", "cómo", "qué", "mande", "disculpe", "perdone", "disculpa"),
        whole=(
            "otra vez|de nuevo|una vez más|cómo (dice|dices)|repetir",
            "(repita|repite) [eso|la pregunta|la última pregunta]|repítalo|repítelo|repítamelo|la pregunta otra vez",
            "no (le|te|lo) (oigo|escucho) [bien]|no (he oído|oí|escuché|he escuchado) [bien]",
        ),
        strong=(
            "[me] [lo|la] (puede|puedes|podría|podrías|podés) [por favor]"
            " (repetir|repetirme|repetirlo|repetírmelo|repetirla)"
            " [eso|[la|su|esa] [última] pregunta|la última parte|lo último|lo que (dijo|ha dicho)] [otra vez|de nuevo]",
            "[me] [lo|la] (puede|puedes|podría|podrías) (decir|decirlo|decírmelo|preguntar) [eso|la pregunta]"
            " (otra vez|de nuevo|una vez más)",
            "me [lo|la] (repite|repites|repita) [eso|[la|su] [última] pregunta] [otra vez]",
            "(cuál|cómo|qué) (era|fue|es) (la|su|tu) [última] pregunta",
            "qué [me] (dijo|dijiste|ha dicho|has dicho|preguntó|ha preguntado)",
            "no [le|te|lo|la] (oí|escuché|he oído|he escuchado) [bien]"
            " ([la|su] [última] pregunta|la (primera|segunda|última) parte|lo último) [de la pregunta]",
        ),
    ),
    clarify=Cue(
        whole=(
            "no [lo|le|te] (entiendo|entendí|he entendido|comprendo|comprendí) [bien]",
            "en qué sentido|como qué|por ejemplo",
            "no sé a qué (se refiere|te refieres)",
        ),
        strong=(
            "qué (quiere|quieres) decir ...",
            "a qué (se refiere|te refieres) ...",
            "(se refiere|te refieres) a ...",
            "[me] (puede|puedes|podría|podrías) (explicar|explicarme|explicarlo|aclarar|aclararme|aclararlo|reformular"
            "|reformularla|reformularlo) ...",
            "[me] (puede|puedes|podría|podrías) (decirlo de otra (manera|forma)|dar un ejemplo|darme un ejemplo)",
            "(puede|puedes|podría|podrías) ser más (específico|específica|concreto|concreta|claro|clara)",
            "no (entiendo|entendí|he entendido|comprendo|comprendí) [bien] (la|su|tu|esta|esa) pregunta",
            "qué significa (eso|esto)",
        ),
    ),
    decline=Cue(
        alone=("paso", "siguiente"),
        whole=(
            "[la] (siguiente|próxima) [pregunta]|pasemos a (otra|la siguiente) [pregunta]|sin comentarios|yo paso",
            "(sáltela|sáltala|sáltesela)|prefiero no|es [muy|demasiado] (privado|personal)",
        ),
        strong=(
            "(prefiero|preferiría) no (responder|contestar|decirlo|decir|hablar de (eso|ello|esto)|comentarlo)"
            " [a (eso|[esa|esta|la] pregunta)|eso|[esa|esta|la] pregunta]",
            "no (quiero|deseo|puedo|quisiera) (responder|contestar|hablar de (eso|esto|ello))"
            " [a (eso|[esa|esta|la] pregunta)|eso|[esa|esta|la] pregunta]",
            "(podemos|podríamos|puede|puedo|quiero) (saltar|saltarnos|saltarme|pasar) (de|a|) [esta|esa|la]"
            " (pregunta|siguiente)",
        ),
    ),
    wait=Cue(
        whole=(
            "espere|espera|[deme|dame] un (momento|momentito|segundo|minuto|instante)|a ver|vamos a ver",
            "(déjeme|déjame|permítame|deje que|deja que) (pensar|piense|pensarlo|lo piense)|estoy pensando",
            "tengo que (pensar|pensarlo)|[es] [una] buena pregunta",
        ),
    ),
    ready=Cue(
        whole=(
            "estoy (aquí|listo|lista|de vuelta)|he vuelto|volví|sigo aquí|aquí (estoy|sigo)|listo|lista",
            "siga|sigue|continúe|continúa|adelante|(puede|podemos) (seguir|continuar)|sigamos|continuemos",
            "me (oye|escucha|oyes|escuchas)|sigue ahí",
        ),
    ),
    yes_no=Cue(
        whole=(
            "sí|no|claro [que (sí|no)]|por supuesto [que (sí|no)]|desde luego [que (sí|no)]|la verdad [es] que (sí|no)",
            "(creo|pienso|supongo) que (sí|no)|para nada|en absoluto|no (mucho|realmente)|exacto|exactamente|así es",
            "es (verdad|cierto)|correcto|seguro|quizás|quizá|tal vez|puede ser|nunca|probablemente",
        ),
    ),
    backchannel=Cue(
        whole=(
            "ajá|mhm|mm|hm|hmm|mmm|ok|okay|vale|ya [veo]|entiendo|de acuerdo|bien|bueno|muy bien|oh|ah|eh|em|este|hola",
            "gracias|muchas gracias|pues|perfecto|aló|diga",
        ),
    ),
    vague=(
        "depende", "más o menos", "algo así", "cosas así", "no sé", "no lo sé", "ni idea", "difícil de decir",
        "estuvo bien", "está bien", "lo normal", "lo de siempre", "nada especial", "nada en particular", "y eso",
        "etcétera", "normal", "no está mal", "regular",
    ),
)  # fmt: skip
