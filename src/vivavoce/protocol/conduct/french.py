"""What a French-speaking moderator does not say."""

from vivavoce.protocol.conduct.phrases import ConductPhrases

FRENCH = ConductPhrases(
    leading=(
        "ne (pensez|trouvez|croyez|diriez) vous pas|n'est ce pas|vous ne pensez pas",
        "ne (penses|trouves|crois) tu pas|(évidemment|sûrement)",
        "vous ... (sûrement|évidemment|forcément|certainement)|vous (êtes|seriez) [donc|bien] d'accord",
        "... (ne (devrait|faudrait|serait|sont|devraient|seraient)|n'est|n'était) (il|elle|ils|elles|on|ce) pas",
    ),
    tags=("n'est ce pas|non|hein|pas vrai", "vous ne (pensez|trouvez|croyez) pas", "vous êtes d'accord"),
    advice=(
        "[et|mais|donc|alors|peut être que|je pense que] vous"
        " (devriez|devez|feriez mieux de|n'avez qu'à|auriez intérêt à)",
        "[et|mais|donc|alors] (il faut que vous|il faudrait que vous|il vaudrait mieux que vous)",
        "je vous (conseille|recommande|suggère|conseillerais|recommanderais)|à votre place",
        "mon (conseil|avis serait de)|ma (recommandation|suggestion)",
        "(consultez|voyez|parlez à|contactez|appelez) (un|une|votre) (médecin|psychologue|thérapeute|avocat|avocate)",
    ),
    disclosure=(
        "(mes|les) (instructions|consignes|directives|outils|règles) [que] (que j'ai|que je|sont|m'|me|disent|j'ai)",
        "mes (instructions|consignes|directives)|mon (prompt|invite|programme|entraînement)|mon prompt système",
        "(je suis [juste] un|en tant que) [grand] modèle de langage",
        "(on m'a|j'ai été) (demandé|dit|programmé|programmée|entraîné|configuré)",
        "je suis (chatgpt|gpt|claude|gemini|llama|mistral|qwen)",
    ),
)
