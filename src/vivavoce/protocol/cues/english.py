"""How English speakers steer an interview."""

from vivavoce.protocol.cues.cue import Cue, LanguageCues

ENGLISH = LanguageCues(
    fillers=(
        "um|uh|er|erm|hmm|hm|mm|well|oh|ah|so|okay|ok|yes|yeah|yep|no|sorry|please|thanks|thank you",
        "hi|hello|hey|actually|and|but|i think|i guess|alright|all right|right|excuse me|maybe|just|now|then",
    ),
    stop=Cue(
        alone=("goodbye", "bye [bye]", "stop", "quit"),
        whole=(
            "stop [it|this|there|here]",
            "(i want|i would like|id like|i wanna|can we|could we|can i|lets|i need) [to]"
            " (stop|quit|finish) [here|there]",
            "(i want|i would like|id like|can we|could we|lets) [to] end (it|this) [here]",
            "i (dont|do not) want to (continue|go on|carry on|do this|talk) [any more|anymore]",
            "i (have|need) to (go|leave|hang up)",
            "thats enough for (today|me)",
            "i quit",
        ),
        strong=(
            "[i want|i would like|id like|i wanna|i need|can we|could we|can you|could you|lets|can i] [to] [please]"
            " (stop|end|quit|finish|terminate|leave) (the|this|our) (interview|conversation|call|session|study) [here]",
            "(i want|i would like|id like|i wanna) to (stop|end it|end this) here",
            "(i want|i would like|id like) to withdraw [from (the|this) (study|interview|research)]",
            "i (dont|do not) want to (continue|go on with|do) (this|the) (interview|conversation|call)"
            " [any more|anymore]",
        ),
    ),
    repeat=Cue(
        alone=("sorry", "what", "huh", "excuse me", "again"),
        whole=(
            "pardon [me]|come again|say again|say that again|again please|one more time|once more|what was that",
            "repeat [that|it|this|the question|the last question]",
            "i (did not|didnt|could not|couldnt|cant|cannot) [quite|really] (hear|catch) (you|anything)",
            "(can|could|would) you say that",
        ),
        strong=(
            "[can|could|would|will] you [just|kindly|please|maybe] repeat"
            " [that|it|this|the question|[the|your] [last] question|the last part|the last one|yourself|what you said]"
            " [again|once more|one more time|for me]",
            "please repeat [that|it|this|[the|your] [last] question|what you said]",
            "(can|could|would|will) you [just|please] (say|ask) [me] (that|it|this|[the|your] [last] question)"
            " (again|once more|one more time) [for me]",
            "what was (the|that|your) [last] question [again]",
            "what did you (say|ask) [me] [again]",
            "i (did not|didnt|could not|couldnt) [quite|really] (hear|catch|get)"
            " (that|it|what you said|what you asked|(the|your) [last|first|second|whole] (question|part|bit)"
            " [of (it|that|the question|your question)]) [properly|clearly]",
        ),
    ),
    clarify=Cue(
        whole=(
            "i (dont|do not|didnt|did not) [really|quite] understand [that|it|this|you|what you mean]",
            "i (dont|do not|didnt|did not) [really|quite] understand what you (are asking|want to know)",
            "like what|such as|how do you mean|meaning what|in what (way|sense|respect)",
            "do you mean ...",
        ),
        strong=(
            "what do you mean ...",
            "what (does that|does it|does this) mean [exactly]",
            "what (are you|exactly are you) asking [me|exactly]",
            "(can|could|would) you [please] (explain|clarify|rephrase|reword) ...",
            "(can|could|would) you [please] (say|put|ask) (that|it|this|the question)"
            " (differently|another way|in another way|in other words|more simply|in simpler words)",
            "(can|could|would) you be [a bit|a little] more (specific|precise|concrete)",
            "(can|could|would) you give [me] an example ...",
            "i (dont|do not|didnt|did not) [really|quite] understand (the|your|this|that) question",
            "(im|i am) not sure what you mean ...",
        ),
    ),
    decline=Cue(
        alone=("pass", "skip", "next"),
        whole=(
            "skip (it|that|this|[the|this|that] question|this one|that one)|next (question|one)|no comment",
            "i pass|ill pass|i will pass|[lets|can we|could we] move on|i have no answer",
            "(thats|that is|its|it is) [too|a bit|very] (private|personal)|none of your business",
            "(i would|id) rather not",
        ),
        strong=(
            "(i would|id|i had|i will|ill) rather not (say|tell [you]|share (that|it)|go into (that|it))",
            "(i would|id|i had) rather not (answer|discuss|talk about) [that|this|it|[this|that|the] question]",
            "(i|i would|id) prefer not to (say|answer|talk about|discuss|share)"
            " [that|this|it|[this|that|the] question]",
            "i (dont|do not|wont|will not|cant|cannot|cant really) [want to|wish to] (answer|talk about|discuss)"
            " (that|this|it|[this|that|the|your] question)",
            "(can|could|may) (we|i|you) [please] skip (this|that|it|[this|that|the] question|that one|this one)",
            "lets skip (this|that|it|[this|that|the] question|that one|this one)",
            "(im|i am) not comfortable (answering|talking about|discussing) (that|this|it|[this|that] question)",
        ),
    ),
    wait=Cue(
        whole=(
            "wait [a (moment|minute|second|sec)] [stop]|hold on|hang on|bear with me",
            "[just] (one|a) (moment|second|sec|minute)|give me (a|one) (moment|second|sec|minute)",
            "let me (think|see|have a think) [about (it|that|this)] [for (a|one) (moment|second|minute|bit)]",
            "i (need|have) (a|to) (moment|second|minute|think) [about (it|that|this)]",
            "(im|i am) [still] thinking",
            "[thats|that is] [a] (good|hard|difficult|tough|interesting|great) (one|question)",
            "stop talking",
        ),
    ),
    ready=Cue(
        whole=(
            "(im|i am) [still] (here|back|ready|listening)|still here|go (on|ahead)|continue|carry on|ready",
            "you can (go on|go ahead|continue|carry on)|lets (go on|continue|carry on|go)|we can (go on|continue)",
            "can you hear me|are you [still] there",
        ),
    ),
    yes_no=Cue(
        whole=(
            "yes|yeah|yep|yup|no|nope|nah|sure|of course|definitely [not]|absolutely [not]|certainly [not]",
            "not really|not at all|not particularly|i (do|dont|did|didnt|am|have|havent|would|wouldnt|was|wasnt)",
            "im not|it (is|was|isnt|wasnt|did|does|doesnt|didnt|would|wouldnt)|i (do|did|have|would) not",
            "i (think|guess|suppose|believe|hope) (so|not)|i dont think so|maybe|perhaps|probably [not]|never",
            "correct|exactly|thats right|thats correct|true|not that i (know of|can think of|remember)",
        ),
    ),
    backchannel=Cue(
        whole=(
            "mhm|mm hmm|mm|mmm|uh huh|okay|ok|right|i see|hmm|hm|alright|all right|got it|um|uh|er|erm|oh|ah",
            "thank you [very much|so much]|thanks|understood|hello|hi|hey|well|so|you",
        ),
    ),
    vague=(
        "it depends", "kind of", "sort of", "something like that", "stuff", "things like that", "i don't know",
        "i dunno", "not sure", "hard to say", "it was fine", "it was okay", "it's fine", "it's okay", "the usual",
        "whatever", "and so on", "more or less", "nothing special", "nothing in particular", "normal", "somehow",
        "can't complain", "pretty good", "not bad", "all good",
    ),
)  # fmt: skip
