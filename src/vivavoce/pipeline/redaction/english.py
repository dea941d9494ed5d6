"""English, as personal data is spoken in it."""

from __future__ import annotations

from vivavoce.pipeline.redaction.lexicon import Lexicon, words

_KIN = (
    r"husband|wife|partner|boss|manager|colleague|coworker|co-worker|friend|neighbou?r|son"
    r"|daughter|brother|sister|"
    r"mother|father|mum|mom|dad|aunt|uncle|cousin|teacher|supervisor|therapist|landlord|landlady"
    r"|grandmother|"
    r"grandfather|grandma|grandpa|boyfriend|girlfriend|fianc[eé]e?|roommate|flatmate|assistant"
    r"|nurse|doctor|dentist"
)

ENGLISH = Lexicon(
    language="en",
    more_numbers={"oh": "0", "o": "0", "nought": "0", "fourty": "40"},
    repeats={"double": 2, "triple": 3, "treble": 3},
    fillers=words("then and again um uh er so"),
    plus=words("plus"),
    units=(
        r"dollars?|euros?|pounds?|bucks|cents?|percent|per cent|people|users|customers|times|years?"
        r"|days?|hours?"
        r"|minutes?|miles?|kilomet(?:er|re)s?|views|followers|subscribers|%|million|thousand"
    ),
    dot="dot|point|period",
    at="at|at sign|the at sign",
    dash="dash|hyphen|minus|underscore|under score",
    mail=r"e-?mail|mail|address|write to|reach (?:me|him|her|us)|contact|send (?:it|that|them)",
    own_site=(
        r"\b(?:my|our|his|her) (?:own |personal |little )?(?:web ?site|web ?page|site|page|blog|home ?page|"
        r"portfolio|profile|channel)\b"
    ),
    not_local=words(
        "look looking looked it is was be are am them him her me us you that this there shop shopped "
        "shopping order "
        "ordered buy bought sell work works worked working arrive in on and or the a an my your our "
        "his their its email "
        "mail e-mail address back up out one things stuff"
    ),
    months="january|february|march|april|may|june|july|august|september|october|november|december",
    ordinals=(
        "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|"
        "fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
    ),
    dates="of|the|in|and|hundred|thousand|day",
    born=(
        r"born(?: on)?|date of birth(?: is| was|'s)?|birthday(?:'s| is| was)?(?: on)?"
        r"|birth ?date(?: is|'s)?|dob(?: is)?"
    ),
    birth_asked=r"date of birth|birth ?date|birthday|when (?:were|are) you born",
    phone=(
        r"phone|mobile|cell\b|telephone|call (?:me|him|her|us)|reach (?:me|him|her|us)|text (?:me|him|her)"
        r"|\b(?:my|his|her) number|whatsapp|ring me|landline|dial"
    ),
    card=r"\bcard|visa|mastercard|amex|american express",
    iban=r"iban|account number|bank account|sort code",
    id=(
        r"passport|social security|insurance number|national insurance|tax (?:id|number)"
        r"|driver'?s? licen[cs]e"
        r"|licen[cs]e (?:number|plate)|member(?:ship)? (?:id|number)|patient (?:id|number)|id (?:card"
        r"|number)|medicare number"
        r"|nhs number"
    ),
    postcode=r"zip(?: code)?|post ?code|postal code",
    introductions=(
        r"my (?:full |first |last |maiden |middle |given )?name is|my name'?s|(?:his|her"
        r"|their) (?:full |first "
        r"|last )?name (?:is|was)|(?:his|her) name's|i am called|i'm called|they call me"
        r"|people call me|everyone calls me"
        r"|(?:just |please |you can )?call me|this is(?= [\w'-]+(?: [\w'-]+)? (?:speaking|here)\b)"
        r"|under the name(?: of)?"
        r"|(?:first|last|maiden|family|middle) name (?:is|was)|(?:he|she|who) (?:is|was) called"
        r"|surname is|surname's"
    ),
    introductions_capital=r"i'm|i am|is called|named|called|name of|name was|name is|signed by|interviewed by",
    relations=(
        rf"mr|mrs|ms|miss|mx|dr|doctor|professor|prof|sir|madam|(?:my|his|her|our|their"
        rf"|a) (?:\w+ )?(?:{_KIN}),?"
    ),
    name_asked=(
        r"(?:your|full|first|last) name|who (?:am i speaking|are you|is speaking)|what (?:should|may"
        r"|can|shall) (?:i|we)"
        r" call you|introduce yourself|spell (?:that|it|your name)"
    ),
    spelled=r"spell(?:ed|t|ing|s)?|that's|that is|with (?:a|an)|letters?",
    answers=(
        r"(?:(?:yes|yeah|sure|okay|ok|hi|hello|of course|well|um|uh|so|and|it's|it is|that's|i'm|i am"
        r"|the name is|name's)"
        r"[\s,.!]+)*"
    ),
    after_name=words(
        "and but from so i i'm i've he she it we they you is was were are am be been have had has "
        "with who which that "
        "this the a an in on at of to for by if or as then because by actually really very just not "
        "here speaking "
        "when where always never also my your his her our their would will can could did does do says "
        "said told "
        "something nothing everything someone anyone what how too now well yes no please back later "
        "about after "
        "before into over under again out up down off than them him me us there these those some any "
        "all more most "
        "like sorry fine good great happy sure okay ok kind sort going trying thinking looking using "
        "working living "
        "glad afraid tired busy old new big next every let's don't didn't wasn't he's she's it's that's"
    ),
    common=words(
        "abel alba ale alec angel ante autumn ava bailey bas beat beau bill blanca bob brad brandy "
        "brook brooke bruce can "
        "candela canal carol celeste chance chase che chip clay clement clementine cliff cole "
        "constance coral cord cruz "
        "crystal custodio daisy dale dam dame dan dane dash dawn dean deep del demi desire destiny "
        "diamond dick dolly don "
        "drew duke dulce earl ebony eve ever faith fanny fay finn flora forum frank gala gale gene "
        "ginger glen gloria "
        "grace grant guy hale harmony harsh hazel heather holly honor hope hunter iris ivy jack jade "
        "jasmine jay jean "
        "jesus jet jewel jo job joe joy june junior justice king kit lace lane lark laurel lee lily "
        "lola luna lucky "
        "marina mark mars mason max may maya melody mercy mike miles miller misty mona moral nick "
        "nova olive page parker "
        "pastor pat patience pearl peg peggy penny pepper peter pierce poppy prudence randy ray red "
        "rex rich rob robin "
        "rocky roman ronny rose ruby rusty sage sally sandy sky skip sol sole spencer star sterling "
        "stone storm sue summer "
        "sunny tan taylor teddy ten terry tiger till tim toby tony tori trinity troy tuck van vera "
        "victor viola violet wade "
        "ward will willow winter wolf woody zen amber art ash bay belle basil brandi cameron "
        "christian cory curt "
        "joey jerry karen lad lance lane lane lex linn louis mare mat merry mick mimi neil norm pa "
        "peer pia pen pet priya "
        "ram reed ria rick rod roy sam sid stan ted teri ty val said else any mac marcos sai sem set "
        "siren leo virgo ani "
        "ali milan mia han hanna"
    ),
    places=words(
        "alexandria america american april asia august austin bergen brittany carolina catalina "
        "chelsea cheyenne chester "
        "china clinton dakota dallas denver devon diego europa florence france francia francisco "
        "franklin georgia german "
        "germany houston india israel jackson jordan juan kent kerry lincoln logan london lorraine "
        "lourdes madison malta "
        "medina mercedes messenger milano orlando paris phoenix quebec rosario salem salvador san "
        "santa santiago savannah "
        "sebastian siena sierra sofia sydney tyrol valencia vienna virginia victoria washington wayne "
        "chad cuba cyprus "
        "alexa siri cortana google java ruby python oracle tesla porsche barbie disney ford harrison "
        "nelson "
        "wellington charlotte antonio jose monica barbara marino romano roman nazi ramadan jesus adonis"
    ),
    before_place=words(
        "in at from near to around outside visiting visit san santa saint st the of an a north south west "
        "east new via towards port lake mount fort"
    ),
    streets=(
        r"{n},? (?:{w} ){{1,3}}(?:street|road|avenue|lane|boulevard|crescent|terrace|st\b\.?|ave\b\.?"
        r"|rd\b\.?|blvd\b\.?)",
        r"{n},? (?:(?-i:[A-Z])[\w'’]+ ){{1,3}}(?-i:Drive|Way|Close|Court|Place|Square|Gardens|Grove"
        r"|Park|Row|Hill|Walk|Mews)",
        r"(?<=live on )(?:(?:(?-i:[A-Z])[\w'’]+ ){{1,2}})(?-i:Street|Road|Avenue|Lane|Drive|Way)",
        r"(?<=live at )(?:(?:(?-i:[A-Z])[\w'’]+ ){{1,2}})(?-i:Street|Road|Avenue|Lane|Drive|Way)",
        r"(?-i:\b[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}\b)",
    ),
)
