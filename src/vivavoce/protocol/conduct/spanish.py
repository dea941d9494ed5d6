"""What a Spanish-speaking moderator does not say."""

from vivavoce.protocol.conduct.phrases import ConductPhrases

SPANISH = ConductPhrases(
    leading=(
        "no (cree|crees|piensa|piensas|le parece|te parece|diría|dirías)",
        "no (es|era|fue|sería|está|estaba|debería|deberían|tendría|tendrían)",
        "(seguramente|obviamente|seguro que|claro que)",
        "(está|estaría|estás) [usted] [entonces|pues] de acuerdo [entonces|pues] (en|con) que",
    ),
    tags=("no (cree|crees|le parece|te parece)", "verdad [que sí]|no|cierto|no es (así|verdad|cierto)"),
    advice=(
        "[y|pero|entonces|quizás|tal vez|creo que] (usted|tú) (debería|deberías|debe|debes|tiene que|tienes que)",
        "[y|pero|entonces|quizás|tal vez|creo que] (debería|deberías|tendría que|tendrías que)",
        "(le|te) (recomiendo|aconsejo|sugiero|recomendaría|aconsejaría)|yo en su lugar|en su lugar yo",
        "mi (consejo|recomendación|sugerencia)|(lo mejor es|lo mejor sería|sería mejor|más le vale) que",
        "(consulte|vea|hable con|llame|acuda) (a|con) (un|una|su) (médico|médica|psicólogo|terapeuta|abogado)",
        "(consulte|hable con) (un|una|su) (médico|médica|psicólogo|terapeuta|abogado)",
    ),
    disclosure=(
        "mis (instrucciones|indicaciones|directrices|reglas|herramientas)|mi (prompt|programación|entrenamiento)",
        "(soy [solo] un|como) [gran] modelo de lenguaje",
        "(me han|me|he sido) (indicado|dicho|ordenado|programado|programada|entrenado|instruido)",
        "soy (chatgpt|gpt|claude|gemini|llama|mistral|qwen)",
    ),
)
