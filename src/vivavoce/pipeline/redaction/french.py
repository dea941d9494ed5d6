"""French, as personal data is spoken in it."""

from __future__ import annotations

from vivavoce.pipeline.redaction.lexicon import Lexicon, words

_KIN = (
    r"mari|femme|compagnon|compagne|chef|cheffe|patron|patronne|collègue|ami|amie|voisin|voisine"
    r"|fils|fille|frère|sœur"
    r"|soeur|mère|père|maman|papa|tante|oncle|cousin|cousine|copain|copine|grand-mère|grand-père"
    r"|neveu|nièce|responsable"
    r"|médecin|propriétaire|colocataire|prof|directeur|directrice"
)

FRENCH = Lexicon(
    language="fr",
    more_numbers={
        "une": "1",
        "zero": "0",
        "septante": "70",
        "huitante": "80",
        "nonante": "90",
        "quatre vingt": "80",
        "vingt et une": "21",
    },
    repeats={"double": 2, "triple": 3, "deux fois": 2},
    fillers=words("puis et euh encore ensuite alors"),
    plus=words("plus"),
    units=(
        r"euros?|centimes?|pour ?cents?|personnes|gens|clients?|utilisateurs|fois|ans|années?|jours?"
        r"|heures?|minutes?"
        r"|kilomètres?|mètres?|%|millions?|mille|francs?|dollars?|vues|abonnés"
    ),
    dot="point",
    at="arobase|arrobase|at|arobas",
    dash="tiret(?: du bas| bas)?|underscore|moins",
    mail=r"e-?mail|mail|courriel|adresse|écri(?:re|vez)|contact|joindre",
    own_site=r"\b(?:mon|notre|son|sa|ma) (?:propre )?(?:site|blog|page|profil|chaîne|portfolio)\b",
    not_local=words("est c'est mail e-mail adresse suis le la les sur et ou à un une"),
    months="janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
    ordinals="premier|première",
    dates="le|en|de|mille|mil|cent|cents|et|du|mois",
    born=(
        r"née? le|née? en(?= \w+ (?:mille|19|20))|date de naissance(?: est| c'est)?(?: le)?"
        r"|anniversaire(?: est| c'est)?(?: le)?"
    ),
    birth_asked=r"date de naissance|anniversaire|quand êtes-vous née?|né quand",
    phone=r"téléphone|portable|\b(?:mon|son) numéro|appel(?:er|ez|le)|joindre|joignable|whatsapp|fixe\b|\btél",
    card=(
        r"carte (?:bancaire|bleue|de crédit|de paiement)|\bcb\b|visa|mastercard|numéro de (?:ma "
        r"|la )?carte|ma carte"
    ),
    iban=r"iban|\brib\b|numéro de compte|compte bancaire",
    id=(
        r"passeport|sécurité sociale|sécu\b|carte d['’]identité|numéro fiscal|permis de conduire|plaque"
        r"|numéro d['’]immatriculation|numéro d['’]adhérent|carte vitale"
    ),
    postcode=r"code postal",
    introductions=(
        r"je m['’]appelle|mon (?:nom|prénom)(?: de famille| de jeune fille)? (?:est|c['’]est|était)"
        r"|son (?:nom|prénom)(?: de famille)? (?:est|c['’]est)|on m['’]appelle"
        r"|tout le monde m['’]appelle|appelez-moi"
        r"|appelle-moi|(?:il|elle|qui) s['’]appel(?:le|ait)|prénommée?"
    ),
    introductions_capital=r"moi,? c['’]est|je suis|nommée?|au nom de|ici",
    relations=(
        rf"monsieur|madame|mademoiselle|docteur|docteure|professeur|maître|mme|mlle|dr"
        rf"|(?:mon|ma|son|sa|notre|leur|un|une) (?:\w+ )?(?:{_KIN}),?"
    ),
    name_asked=(
        r"votre (?:nom|prénom)|ton (?:nom|prénom)|comment (?:vous appelez|tu t['’]appelles"
        r"|vous vous appelez)"
        r"|vous présenter|qui êtes-vous|épeler"
    ),
    spelled=r"épel\w*|s['’]écrit|ça s['’]écrit|avec",
    answers=r"(?:(?:oui|bien sûr|bonjour|alors|euh|d'accord|c'est|moi c'est|je suis|et|donc)[\s,.!]+)*",
    after_name=words(
        "et mais je j'ai il elle on nous vous ils est suis était avec de du des la le les un une dans "
        "en à au pour si ou "
        "pas ici aussi que qui mon ma mes ça c'est voilà a ont avait dit disait très oui non ne lui "
        "elles sur sous par "
        "chez sans plus moins tout tous toute bien donc alors parce quand comme son sa ses leur se me "
        "te y là même "
        "contente content désolé désolée sûr sûre d'accord étudiant étudiante professeur retraité "
        "retraitée mère père "
        "française français allé allée né née venu venue habite travaille"
    ),
    common=words(
        "aimé aimée claire rose pierre victoire marine olive prudence constance modeste grâce noël "
        "blanche colombe fleur "
        "luce martin félicité france avril mai juin août mars marcel lundi ali cher ange alba bas can "
        "dora don elle elles "
        "ida iris jasmin jean jade juste la le les lune luna max mila mona nova oli pascal pan perle "
        "prune rémi reine roman "
        "romane sol sole sacha soline tom toi moi toussaint violette valentin aurore art mar dan ada "
        "laure barbe bill bob "
        "angélique carole cerise clémence clément désirée espérance eve flore gloria hortense loup "
        "lys marguerite merci "
        "mathis mercredi nil paris parfait patience pas plus sage sauveur sous tant tu un une urbain vive"
    ),
    places=words(
        "france asie amérique paris florence lourdes georgia israel jordan sofia sydney victoria "
        "vienne alexandrie "
        "charlotte mercedes porsche alexa siri medina milan orlando austin washington santa san jesus "
        "valence nancy "
        "constance europe août avril avignon lorraine chantilly saint"
    ),
    before_place=words("à en de vers chez san santa saint sainte dans aux au du par pour"),
    streets=(
        r"{n},? (?:(?:bis|ter),? )?(?:rue|avenue|boulevard|place|chemin|impasse|allée|quai|cours|route)"
        r" (?:(?:de|du|des|la|le|les) |(?:de )?l['’]|d['’])*[\w'’-]+(?: (?-i:[A-ZÀ-Ý])[\w'’-]+){{0,2}}",
    ),
)
