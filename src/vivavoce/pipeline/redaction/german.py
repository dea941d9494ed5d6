"""German, as personal data is spoken in it."""

from __future__ import annotations

from vivavoce.pipeline.redaction.lexicon import Lexicon, words

_KIN = (
    r"mann|frau|partner|partnerin|chef|chefin|kolleg(?:e|in|en)|freund|freundin|nachbar|nachbarin"
    r"|nachbarn|sohn|tochter"
    r"|bruder|schwester|mutter|vater|mama|papa|tante|onkel|cousin|cousine|lehrer|lehrerin"
    r"|vermieter|vermieterin|oma|opa"
    r"|therapeutin|therapeut|ärztin|arzt|mitbewohner|mitbewohnerin|schwager|schwägerin|betreuer"
    r"|betreuerin"
)
_OF = (
    r"mein|meine|meinem|meinen|meiner|meines|sein|seine|seinem|seiner|ihr|ihre|ihrem"
    r"|ihrer|unser|unsere|unserem|unserer"
)

GERMAN = Lexicon(
    language="de",
    more_numbers={"zwo": "2", "dreissig": "30", "hundert": "100"},
    repeats={"doppel": 2, "doppelt": 2, "zweimal": 2, "dreimal": 3},
    fillers=words("dann und nochmal äh ähm also wieder"),
    plus=words("plus"),
    units=(
        r"euro|cent|prozent|leute|menschen|kunden|nutzer|mal|jahre?n?|tage?n?|stunden?|minuten"
        r"|kilometer|meter|%"
        r"|millionen|tausend|franken|dollar|aufrufe|follower"
    ),
    dot="punkt|dot",
    at="at|ät|klammeraffe|at-zeichen|ätt",
    dash="minus|bindestrich|unterstrich|strich",
    mail=r"e-?mail|mail|adresse|schreiben sie|erreich|kontakt",
    own_site=(
        r"\b(?:mein|meine|meiner|meinem|unser|unsere|unserer|unserem) (?:eigene[rn]? )?(?:web ?seite"
        r"|website|seite|blog"
        r"|homepage|internetseite|profil|kanal)\b"
    ),
    not_local=words(
        "ist das die der es bei auf mal adresse mail e-mail email lautet war und oder mir uns ihm ihr"
    ),
    months="januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember",
    ordinals=(
        r"erste[nr]?|zweite[nr]?|dritte[nr]?|vierte[nr]?|fünfte[nr]?|sechste[nr]?|siebte[nr]?"
        r"|achte[nr]?|neunte[nr]?"
        r"|zehnte[nr]?|elfte[nr]?|zwölfte[nr]?|\w+zehnte[nr]?|\w+ßigste[nr]?|\w+zigste[nr]?"
    ),
    dates=r"der|den|dem|im|am|neunzehnhundert\w*|zweitausend\w*|tausend\w*",
    born=(
        r"geboren(?: (?:wurde ich|bin ich|wurde er|wurde sie))?(?: am)?|geburtsdatum(?: ist"
        r"| lautet)?(?: der)?"
        r"|geburtstag(?: ist| habe ich| hab ich)?(?: am)?|auf die welt gekommen(?: am)?|(?:bin"
        r"|wurde) am(?= [\w. ]{5,60}geboren)"
    ),
    birth_asked=r"geburtsdatum|geburtstag|wann (?:sind|bist|wurden|wurdest) (?:sie|du)",
    phone=(
        r"telefon|handy|mobil|\b(?:meine|seine|ihre) nummer|nummer ist|anrufen|erreichen|erreichbar"
        r"|whatsapp|festnetz"
        r"|ruf(?:en)? (?:mich|sie|ihn)|durchwahl"
    ),
    card=r"kreditkarte|karte\b|visa|mastercard|kartennummer",
    iban=r"iban|kontonummer|konto",
    id=(
        r"ausweis|reisepass|steuernummer|steuer-?id|versicherungsnummer|sozialversicherung"
        r"|kundennummer|führerschein"
        r"|versichertennummer|kennzeichen|mitgliedsnummer"
    ),
    postcode=r"postleitzahl|\bplz",
    introductions=(
        r"(?:ich|er|sie|der|die) hei(?:ß|ss)(?:e|t)|hei(?:ß|ss)e ich|mein (?:vor|nach)?name (?:ist|war"
        r"|lautet)"
        r"|(?:sein|ihr) (?:vor|nach)?name ist|(?:vor|nach|familien|mädchen)name(?:n)? (?:ist|lautet)"
        r"|nenn(?:en|t)? mich(?: alle| einfach| bitte)?|man nennt mich|alle nennen mich|namens"
        r"|unter dem namen"
        r"|mit (?:nach|vor)namen"
    ),
    introductions_capital=r"ich bin (?:der|die)|ich bin|hier ist(?: die| der)?|hei(?:ß|ss)t",
    relations=(
        rf"herrn?|frau|doktor|dr|professor|professorin|prof|(?:{_OF}) (?:\w+ )?(?:{_KIN}),?(?: die| der)?"
    ),
    name_asked=(
        r"(?:ihr|dein|vollständiger?) (?:vor|nach)?name|wie hei(?:ß|ss)(?:en|t) (?:sie|du)|wie (?:darf"
        r"|kann|soll) ich"
        r" (?:sie|dich) (?:an)?(?:sprechen|nennen)|stellen sie sich|mit wem spreche|buchstabieren"
    ),
    spelled=r"buchstabier\w*|geschrieben|schreibt sich|also|mit",
    answers=(
        r"(?:(?:ja|gerne|klar|hallo|guten tag|also|äh|ähm|und|das ist|ich bin|ich heiße|ich heisse|der"
        r"|die)[\s,.!]+)*"
    ),
    after_name=words(
        "und aber ich er sie es wir ihr ist war bin sind hat habe hatte mit aus der die das ein eine "
        "einen einem in im an "
        "am auf zu von für wenn weil oder nicht hier auch so dann immer nie mein meine dass wie was "
        "wo ja nein bitte sehr "
        "gesagt meinte sagt sagte kam kommt wollte will kann konnte den dem des bei nach über unter "
        "durch um ab bis "
        "sich mich mir dir dich uns euch ihm ihn ihnen man noch schon mal nur doch denn da dort jetzt "
        "heute gestern "
        "würde wird wurde werden haben sein geht ging macht machte eigentlich einfach gerade ganz gut "
        "neu alt "
        "glücklich froh müde zufrieden sicher erst seit vor student studentin lehrer lehrerin rentner "
        "rentnerin arzt "
        "ärztin ingenieur ingenieurin mutter vater mitte anfang ende leiter leiterin chef chefin teil "
        "fan single "
        "kunde kundin mensch person frau mann deutscher deutsche jemand niemand programmierer "
        "entwickler entwicklerin"
    ),
    common=words(
        "ernst wolf heide rose rosa mai sommer winter engel frei star arm linde viola iris lilie max "
        "mark will falk sturm helm "
        "beat urs friede till tim gut ehre stern kai kay gloria felicitas toll hella wilde alma dank "
        "can din christ "
        "baptist erika jasmin karl ina ole wille gerda bill ute mia flora aurora carina sol art "
        "marine august herma "
        "hummel blume blanca kiefer eiche dana star victoria amber luna nova pia marina maja mina isa "
        "rita bella alba berg "
        "ada lea ella tom sam pan das der den dem die des was man ist hat und mit aus bei von vor for "
        "fast gern so also "
        "jan kira heiner otto oskar alexa siri gold silber leo carola eva roman romane hagen ken "
        "robin daria darin ani "
        "anke ante ata aral arno arda bona bernstein bram bodo eden ende eder ost nora wagner heike "
        "deniz harz nie "
        "ismus ise ilse imme inka irma ali amin amor angel angela"
    ),
    places=words(
        "asien florenz paris georgia israel jordan amerika april mercedes sofia sydney victoria siena "
        "france alexandria "
        "afrika europa august mai juni juli chelsea washington jesus santa san milan mailand medina "
        "porsche java oracle "
        "bergen essen halle hamm hagen celle singen münster siegen leer aalen fulda worms kiel ulm trier"
    ),
    before_place=words("in aus nach bei san santa sankt st bis über"),
    nouns_capital=True,
    streets=(
        r"(?:(?-i:[A-ZÄÖÜ])[\w-]+ )?[a-zäöüß-]+(?:straße|strasse|gasse|allee|weg|platz|ufer|damm|ring"
        r"|str\.)"
        r"(?: nummer)? {n}(?: ?[a-d]\b)?",
        r"(?-i:[A-ZÄÖÜ])[\w-]+ (?-i:Straße|Strasse|Gasse|Allee|Weg|Platz|Ufer|Damm|Ring)(?: nummer)? {n}",
        r"(?:am|an der|im|in der|auf der|auf dem"
        r"|unter den) (?-i:[A-ZÄÖÜ])[\w-]+ (?:nummer )?{n}(?=[,.]? (?:in )?\d{{5}}\b)",
    ),
)
