"""What an English-speaking moderator does not say."""

from vivavoce.protocol.conduct.phrases import ConductPhrases

ENGLISH = ConductPhrases(
    leading=(
        "(dont|do not|wouldnt|would not) you (think|agree|say|feel)|(do|would) you not (think|agree|say|feel)",
        "(isnt|arent|wasnt|werent|doesnt|didnt|shouldnt|wouldnt|couldnt|hasnt|havent|wont)",
        "(surely|obviously|clearly)|[so|then|and] you (do|would|must|will|) [surely|also] agree",
        "[so|and] (it|that|this) must (be|have been|feel|have felt)",
    ),
    tags=(
        "(dont|wouldnt) you (think|agree|say)",
        "(isnt|arent|wasnt|werent|dont|doesnt|didnt|hasnt|havent|hadnt|wouldnt|shouldnt|couldnt|wont|cant)"
        " (you|it|they|he|she|we|that|there|that so)",
        "(is|are|was|were|do|does|did|has|have|had|would|will|can) (you|it|they|he|she|we)",
        "right|am i right|do you not agree",
    ),
    reports=(
        "[so] you (said|say|felt|feel|thought|think|mentioned|told me|found|find|believe|believed|were told)",
    ),
    advice=(
        "[and|but|so|then|well|maybe|perhaps|i think|i feel|in that case] you"
        " (should|shouldnt|ought to|had better|would be better off|need to|have to|must)",
        "[and|but|so|then|well] (you could always|you might want to)",
        "[and|but|so|then|well] i (would|d|can|must|really|strongly) [strongly] (recommend|suggest|advise|urge)",
        "[and|but|so|then|well] (id|i) [strongly] (recommend|suggest|advise)",
        "my (advice|recommendation|suggestion) (is|would be|to you)",
        "if i were you|(it is|its|it would be) (best|better|wise|advisable) (to|for you|if you)",
        "the best thing (you can do|to do|for you)|make sure (you|to|that you)",
        "[please] (see|consult|talk to|speak to|call|contact) (a|your)"
        " (doctor|therapist|lawyer|psychologist|physician)",
    ),
    disclosure=(
        "my (instructions|instruction|prompt|system prompt|guidelines|programming|training data|developers)",
        "my (rules|tools)|as (a|an) [ai|large] language model|i (am|was) [just|only] (a|an) [ai|large] language model",
        "[the] instructions [that] (i was|i have been|ive been|i am|i) (given|received|got|follow|following)",
        "(i was|i am|im|i have been|ive been) (instructed|told|programmed|prompted|trained|configured)"
        " (to|not|that|by|on)",
        "i (am|was) (chatgpt|gpt|claude|gemini|llama|mistral|qwen)",
        "the tools [that] i (have|use|can)",
    ),
)
