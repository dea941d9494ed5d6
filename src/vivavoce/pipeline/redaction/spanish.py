"""Spanish, as personal data is spoken in it."""

from __future__ import annotations

from vivavoce.pipeline.redaction.lexicon import Lexicon, words

_KIN = (
    r"marido|esposo|esposa|mujer|pareja|jefe|jefa|compañero|compañera|amigo|amiga|vecino|vecina"
    r"|hijo|hija|hermano|hermana"
    r"|madre|padre|mamá|papá|tía|tío|primo|prima|novio|novia|abuela|abuelo|sobrino|sobrina"
    r"|profesor|profesora|médico"
    r"|médica|casero|casera|colega|suegra|suegro|cuñado|cuñada"
)

SPANISH = Lexicon(
    language="es",
    more_numbers={
        "un": "1",
        "una": "1",
        "ciento": "100",
        "dieciseis": "16",
        "veintidos": "22",
        "veintitres": "23",
    },
    repeats={"doble": 2, "triple": 3},
    fillers=words("luego y después eh otra vez"),
    plus=words("más"),
    units=(
        r"euros?|céntimos?|por ciento|personas|gente|clientes|usuarios|veces|años?|días?|horas?"
        r"|minutos?|kilómetros?"
        r"|metros|%|millones|mil|pesos|dólares|visitas|seguidores"
    ),
    dot="punto",
    at="arroba",
    dash="guion(?: bajo)?|guión(?: bajo)?|subrayado|barra baja",
    mail=r"e-?mail|correo|mail|escri(?:bir|ba|be)|contact|dirección",
    own_site=(
        r"\b(?:mi|nuestra|nuestro|su) (?:propia |propio )?(?:página|web|sitio|blog|perfil|canal"
        r"|portafolio)\b"
    ),
    not_local=words("es correo mail e-mail email dirección la el los un una y o en"),
    months=(
        "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre"
    ),
    ordinals="primero",
    dates="de|del|el|mil|novecientos|año|día",
    born=(
        r"nací el(?: día)?|nacid[oa] el|nació el|fecha de nacimiento(?: es)?(?: el)?"
        r"|mi cumpleaños(?: es)?(?: el)?"
        r"|cumplo años el"
    ),
    birth_asked=r"fecha de nacimiento|cumpleaños|cuándo naci(?:ó|ste)",
    phone=r"teléfono|móvil|celular|\b(?:mi|su) número|llám[ae]\w*|llamar\w*|whatsapp|\bfijo\b|marcar",
    card=r"tarjeta|visa|mastercard",
    iban=r"iban|número de cuenta|cuenta bancaria|\bcuenta\b",
    id=(
        r"pasaporte|\bdni\b|\bnie\b|seguridad social|carné|carnet|matrícula|\bcurp\b|\brfc\b"
        r"|número de afiliad[oa]|cédula"
    ),
    postcode=r"código postal",
    introductions=(
        r"me llamo|mi (?:nombre|apellido)(?: completo)? (?:es|era)|su (?:nombre|apellido) es|me llaman"
        r"|me dicen"
        r"|ll[aá]m[ae]me|(?:se|que se) llama(?:ba)?"
    ),
    introductions_capital=r"soy|llamad[oa]|a nombre de|se llama|habla",
    relations=(
        rf"señor|señora|señorita|don|doña|doctor|doctora|profesor|profesora|licenciad[oa]|sr|sra"
        rf"|(?:mi|su|nuestro|nuestra|tu|un|una) (?:\w+ )?(?:{_KIN}),?"
    ),
    name_asked=(
        r"(?:su|tu) (?:nombre|apellido)|cómo (?:se llama|te llamas)|presentarse|quién (?:es|eres)|deletre"
    ),
    spelled=r"deletre\w*|se escribe|con|es decir",
    answers=r"(?:(?:sí|claro|hola|buenos días|pues|eh|bueno|soy|me llamo|es|y)[\s,.!]+)*",
    after_name=words(
        "y pero yo él ella nosotros es soy era fue con de del la el los las un una en a al para si o "
        "no aquí también que "
        "mi mis me se lo muy sí porque cuando tiene tengo dijo dice siempre nunca vive trabaja como "
        "por su sus le les nos "
        "te más menos todo toda todos bien ya entonces pues sin sobre hasta desde donde qué quién eso "
        "esto esta este "
        "estudiante profesor profesora jubilado jubilada madre padre español española mexicano "
        "mexicana feliz "
        "consciente de"
    ),
    common=words(
        "dolores consuelo pilar soledad mercedes concepción esperanza luz cruz rosario paz mar blanca "
        "ángel domingo abril rosa "
        "rosas gloria alba amor amparo ascensión asunción aurora blanco bueno campo can clara "
        "clemente con dan de del den di "
        "don dulce encarnación estrella eva feliz fe flor franco gema gracia iris jade justo leal "
        "lola luna mara margarita "
        "marina milagros nieves noel nova olimpia olvido patrocinio perla prudencia reina remedios "
        "rocío sagrario salud "
        "santa santo santos sol tomás trinidad valle verde victoria violeta vela virtudes visitación "
        "ale ella iba ibas sara "
        "pura pan pia primavera rica ramos roman romano ventura marcos marco plata"
    ),
    places=words(
        "francia asia américa parís florencia georgia israel sofía sydney valencia viena alejandría "
        "mercedes porsche alexa "
        "siri medina milán orlando austin washington santa san jesús santiago lourdes europa rosario "
        "salamanca león "
        "mérida córdoba guadalupe trinidad salvador"
    ),
    before_place=words("en a de hacia desde san santa hasta por la el"),
    streets=(
        r"(?:calle|avenida|plaza|paseo|camino|carrera|ronda|travesía) (?:(?:de|del|la|las|los"
        r"|el) )*[\w'’-]+"
        r"(?: (?:(?:de|del|la|las|los) )*(?-i:[A-ZÁÉÍÓÚÑ])[\w'’-]+){{0,3}},?(?: número)? {n}",
    ),
)
