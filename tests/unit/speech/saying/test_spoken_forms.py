"""What a native speaker says for what is written, by language."""

from __future__ import annotations

import pytest

from vivavoce.speech.saying import spoken

ENGLISH = """
I have 3 cats. → I have three cats.
about 1,234,567 → about one million two hundred and thirty-four thousand five hundred and sixty-seven
1,000.89 → one thousand point eight nine
in 1999 and 2026 → in nineteen ninety-nine and twenty twenty-six
in 1905 → in nineteen oh five
1500 people came → fifteen hundred people came
in the 1990s and the '80s → in the nineteen nineties and the eighties
on 03/04/2026 → on March fourth, twenty twenty-six
on 2026-03-12 → on March twelfth, twenty twenty-six
2026-03-12T14:30:00Z → March twelfth, twenty twenty-six fourteen thirty
3 March 2026 → the third of March, twenty twenty-six
on the 3rd of March → on the third of March
Mar. 3, 2026 → March third, twenty twenty-six
March 3–5 → March third to fifth
Mon, 5 Oct → Monday, the fifth of October
since Sept. 2026 → since September twenty twenty-six
at 14:05 → at fourteen oh five
at 9:00 → at nine o'clock
at 9:00 am sharp → at nine a.m sharp
It ends at 2 p.m. → It ends at two p.m.
at 10:30–11:45 → at ten thirty to eleven forty-five
open 5–7 pm today → open five to seven p.m today
$3.50 → three dollars and fifty cents
$1 → one dollar
$0.99 → ninety-nine cents
£1.01 → one pound and one penny
£2m → two million pounds
$3.5 million → three point five million dollars
USD 20 → twenty US dollars
CHF 30 → thirty Swiss francs
$5-10 → five to ten dollars
$5–$10 → five to ten dollars
-$5 → minus five dollars
$20/month → twenty dollars per month
a 12% rise → a twelve percent rise
10-20% → ten to twenty percent
5 km → five kilometers
1 km → one kilometer
60 mph → sixty miles per hour
5 km/h → five kilometers per hour
-5 °C → minus five degrees Celsius
16 GB → sixteen gigabytes
5 m² → five square meters
10 Mbit/s → ten megabits per second
6'2" tall → six foot two tall
1/2 cup → one half cup
3/4 → three quarters
2 1/2 hours → two and a half hours
1½ cups → one and a half cups
24/7 → twenty-four seven
21st, 22nd and 100th → twenty-first, twenty-second and hundredth
No. 5 → number five
#1 → number one
§ 5 → section five
R&D and AT&T → R and D and AT and T
1 + 1 = 2 → one plus one equals two
3 x 4 → three times four
3x faster → three times faster
5 - 3 → five minus three
10^6 → ten to the power of six
x² → x squared
~5 minutes → about five minutes
<10 items → less than ten items
50+ people → fifty plus people
e.g. this, i.e. that, etc. → for example this, that is that, et cetera.
Mr. and Mrs. Smith → Mister and Missus Smith
Dr. Who lives at 5 Elm Dr. → Doctor Who lives at five Elm Drive.
St. Louis, 5 Main St. → Saint Louis, five Main Street.
p. 5 and pp. 5-7 → page five and pages five to seven
anna.smith@example.org → anna dot smith at example dot org
https://www.example.com/about-us → W W W dot example dot com slash about dash us
www.bbc.co.uk → W W W dot B B C dot co dot U K
@anna #ClimateAction → at anna hashtag Climate Action
report.pdf → report dot P D F
+44 20 7946 0958 → plus four four, two zero, seven nine four six, zero nine five eight
(555) 123-4567 → five five five, one two three, four five six seven
1234567890123456789 → one two three four, five six seven eight, nine zero one two, three four five six, seven eight nine
192.168.0.1 → one nine two dot one six eight dot zero dot one
v2.1.3 → version two point one point three
COVID-19 → COVID-nineteen
A4 paper → A-four paper
X7Z9K2 → X seven Z nine K two
007 → zero zero seven
3:1 → three to one
pages 10-12 → pages ten to twelve
1939–1945 → nineteen thirty-nine to nineteen forty-five
and/or, he/she, TCP/IP → and or, he slash she, TCP IP
World War II → World War two
Henry VIII → Henry the eighth
NASA and the USA → NASA and the USA
8/10 on the 2nd test → eight out of ten on the second test
on 12/5 at 3pm → on December fifth at three p.m
221B Baker St., London → two hundred and twenty-one B Baker Street, London
Flight LH454, gate B12 → Flight LH four five four, gate B twelve
call 911 or 1-800-555-0199 → call nine one one or one, eight zero zero, five five five, zero one nine nine
New York, NY 10001 → New York, NY one zero zero zero one
3.5m x 4m → three point five meters by four meters
a $10 note, a 5 km run → a ten dollar note, a five kilometer run
only $9.99/mo → only nine dollars and ninety-nine cents per month
3.50 dollars → three dollars and fifty cents
1.5M views and 2B users → one point five million views and two billion users
Mon-Fri 9am-5pm → Monday to Friday nine a.m to five p.m
Sat. 10 a.m. → Saturday ten a.m.
10 / 2 = 5 → ten divided by two equals five
1:05:30 in, 25:30 → one oh five and thirty seconds in, twenty-five thirty
1e-5 → one times ten to the power of minus five
v2.0 and No.5 → version two point zero and number five
CC BY-NC 4.0 → CC BY-NC four point zero
a 5-year-old → a five-year-old
snake_case → snake case
π → pi
"""

GERMAN = """
Ich habe 3 Katzen. → Ich habe drei Katzen.
1.234,5 → tausendzweihundertvierunddreißig Komma fünf
1999 und 2005 → neunzehnhundertneunundneunzig und zweitausendfünf
die 1990er Jahre → die neunzehnhundertneunziger Jahre
am 3.4.2026 → am dritten April zweitausendsechsundzwanzig
der 12. März 2026 → der zwölfte März zweitausendsechsundzwanzig
12. März 2026 → zwölfter März zweitausendsechsundzwanzig
vom 3. bis 5. März → vom dritten bis fünften März
am 3. und 4. Mai → am dritten und vierten Mai
am Montag, dem 12. März → am Montag, dem zwölften März
am 25.12. → am fünfundzwanzigsten Dezember.
um 14:30 → um vierzehn Uhr dreißig
um 14 Uhr 30 → um vierzehn Uhr dreißig
um 1 Uhr → um ein Uhr
9.30 Uhr → neun Uhr dreißig
von 8-17 Uhr → von acht bis siebzehn Uhr
1 € → ein Euro
3,50 € → drei Euro fünfzig
3,05 € → drei Euro und fünf Cent
0,99 € → neunundneunzig Cent
20 Mio. € → zwanzig Millionen Euro
2,5 Mio. Euro → zwei Komma fünf Millionen Euro
1 Mrd. → eine Milliarde
20 USD → zwanzig US-Dollar
5 €/Monat → fünf Euro pro Monat
0,5 % → null Komma fünf Prozent
10–20 % → zehn bis zwanzig Prozent
1 km → ein Kilometer
1 h → eine Stunde
50 km/h → fünfzig Kilometer pro Stunde
-5 °C → minus fünf Grad Celsius
1,5 l → eins Komma fünf Liter
1/2 Liter → ein halber Liter
3/4 → drei Viertel
1 1/2 Stunden → eineinhalb Stunden
der 3. Mann → der dritte Mann
in der 3. Klasse → in der dritten Klasse
zum 2. Mal → zum zweiten Mal
2. Platz → zweiter Platz
3. Kapitel → drittes Kapitel
Ich habe 3. Das ist gut. → Ich habe drei. Das ist gut.
1 Person und 1 Kind → eine Person und ein Kind
Nr. 5, § 5 Abs. 2 → Nummer fünf, Paragraf fünf Absatz zwei
z. B. so, d.h. anders → zum Beispiel so, das heißt anders
Er kam usw. Dann ging er. → Er kam und so weiter. Dann ging er.
Prof. Dr. Müller bzw. Fr. Weiß → Professor Doktor Müller beziehungsweise Frau Weiß
ca. 5 Min. später → circa fünf Minuten später
info@beispiel.de → info ät beispiel Punkt D E
+49 30 1234567 → plus vier neun, drei null, eins zwei drei, vier fünf sechs sieben
0171-1234567 → null eins sieben eins, eins zwei drei, vier fünf sechs sieben
Müller & Söhne → Müller und Söhne
1 + 1 = 2 → eins plus eins gleich zwei
3x täglich → dreimal täglich
Seite 10-12 → Seite zehn bis zwölf
3:1 → drei zu eins
GPT 3.5 → GPT drei Punkt fünf
10 000 Euro → zehntausend Euro
im 19. Jahrhundert → im neunzehnten Jahrhundert
Ludwig XIV. regierte → Ludwig der Vierzehnte regierte
Schüler*innen → Schüler innen
Hauptstr. 5, 10115 Berlin → Hauptstraße fünf, eins null eins eins fünf Berlin
4,1 Bio. € → vier Komma eins Billionen Euro
3,5 m x 4 m → drei Komma fünf Meter mal vier Meter
1,80 m groß → ein Meter achtzig groß
in den 60ern → in den sechzigern
Mo–Fr 9–17 Uhr, Sa. 10–14 Uhr → Montag bis Freitag neun bis siebzehn Uhr, Samstag zehn bis vierzehn Uhr
3,- € und 5,00 Euro → drei Euro und fünf Euro
der 3., 4. und 5. Platz; am 3. → der dritte, vierte und fünfte Platz; am dritten.
S. 5 f. → Seite fünf folgende.
8/10 Punkte → acht von zehn Punkte
10 : 2 = 5 → zehn geteilt durch zwei gleich fünf
eine 4er-Gruppe → eine vierer-Gruppe
Papst Johannes Paul II. auch → Papst Johannes Paul der Zweite auch
"""

FRENCH = """
J'ai 3 chats. → J'ai trois chats.
1 234,5 → mille deux cent trente-quatre virgule cinq
en 1999 → en mille neuf cent quatre-vingt-dix-neuf
les années 90 → les années quatre-vingt-dix
le 03/04/2026 → le trois avril deux mille vingt-six
le 1er mars → le premier mars
3 mars 2026 → trois mars deux mille vingt-six
du 3 au 5 mars → du trois au cinq mars
à 14h30 → à quatorze heures trente
à 14:30 → à quatorze heures trente
à 1h → à une heure
à 21 h → à vingt et une heures
1 € → un euro
3,50 € → trois euros cinquante
3,05 € → trois euros et cinq centimes
0,99 € → quatre-vingt-dix-neuf centimes
2 M€ → deux millions d'euros
20 USD → vingt dollars des États-Unis
£5 → cinq livres
0,5 % → zéro virgule cinq pour cent
10-20 % → dix à vingt pour cent
1 km → un kilomètre
1,5 l → un virgule cinq litre
50 km/h → cinquante kilomètres par heure
-5 °C → moins cinq degrés Celsius
16 Go → seize gigaoctets
1/2, 2/3 et 3/4 → un demi, deux tiers et trois quarts
2 1/2 → deux et demi
1re, 2e et 21e → première, deuxième et vingt et unième
le XIXe siècle → le dix-neuvième siècle
Louis XIV → Louis quatorze
n° 5 → numéro cinq
Mme Dupont et M. Martin → Madame Dupont et Monsieur Martin
p. ex. ceci, etc. → par exemple ceci, et cetera.
info@exemple.fr → info arobase exemple point effe erre
01 23 45 67 89 → zéro un, vingt-trois, quarante-cinq, soixante-sept, quatre-vingt-neuf
Dupont & Fils → Dupont et Fils
3 x 4 → trois fois quatre
1 personne et 21 personnes → une personne et vingt et une personnes
1 000 000 → un million
300 000 habitants → trois cent mille habitants
3,14 et 0,05 → trois virgule quatorze et zéro virgule zéro cinq
71 et 91 → soixante et onze et quatre-vingt-onze
1939-1945 → mille neuf cent trente-neuf à mille neuf cent quarante-cinq
un PDF → un pé dé effe
Bonjour ! → Bonjour !
8/10 → huit sur dix
Je mesure 1,80 m → Je mesure un mètre quatre-vingts
au XIXe s. → au dix-neuvième siècle.
François Ier → François premier
M. et Mme Durand → Monsieur et Madame Durand
lun.-ven. 9h-17h → lundi à vendredi neuf heures à dix-sept heures
0 800 123 456 → zéro, huit zéro zéro, un deux trois, quatre cinq six
13 h 05 min → treize heures cinq
3,50 euros → trois euros cinquante
10 / 2 = 5 → dix divisé par deux égale cinq
n°5 → numéro cinq
"""

SPANISH = """
Tengo 3 gatos. → Tengo tres gatos.
1.234,56 → mil doscientos treinta y cuatro coma cincuenta y seis
en 1999 → en mil novecientos noventa y nueve
el 03/04/2026 → el tres de abril de dos mil veintiséis
3 de marzo de 2026 → tres de marzo de dos mil veintiséis
1 de marzo → uno de marzo
del 3 al 5 de marzo → del tres al cinco de marzo
a las 14:30 → a las catorce treinta
a las 9:00 → a las nueve
a la 1:30 → a la una treinta
a las 2 p. m. en punto → a las dos de la tarde en punto
a las 8 pm → a las ocho de la noche
1 € → un euro
3,50 € → tres euros con cincuenta céntimos
0,99 € → noventa y nueve céntimos
2 M€ → dos millones de euros
20 USD → veinte dólares estadounidenses
£5 → cinco libras
un 0,5 % → un cero coma cinco por ciento
10-20 % → diez a veinte por ciento
1 km → un kilómetro
21 h → veintiuna horas
50 km/h → cincuenta kilómetros por hora
-5 °C → menos cinco grados Celsius
1/2, 2/3 y 3/4 → un medio, dos tercios y tres cuartos
1/2 litro → medio litro
3.er piso, 2ª planta → tercer piso, segunda planta
el siglo XXI → el siglo veintiuno
Alfonso XIII → Alfonso trece
n.º 5, pág. 5 → número cinco, página cinco
Sr. López y Dra. Ruiz → Señor López y Doctora Ruiz
p. ej. en EE. UU. hoy → por ejemplo en Estados Unidos hoy
info@ejemplo.es → info arroba ejemplo punto e ese
612 345 678 → seis uno dos, tres cuatro cinco, seis siete ocho
1 persona, 21 personas y 200 personas → una persona, veintiuna personas y doscientas personas
21 años y 31 días → veintiún años y treinta y un días
21.000 personas → veintiuna mil personas
101 casas → ciento una casas
1.000.000 de euros → un millón de euros
3x → tres veces
3 x 4 → tres por cuatro
López & Hijos → López e Hijos
#1 → número uno
C/ Mayor 5 → calle Mayor cinco
el DNI → el DNI
un PDF → un pe de efe
— Hola. → Hola.
¿Tienes 2? → ¿Tienes dos?
8/10 → ocho sobre diez
en el s. XX → en el siglo veinte
1 1/2 tazas → una y media tazas
Mido 1,80 m → Mido un metro ochenta
L-V 9:00-17:00 h → lunes a viernes las nueve a las diecisiete horas
55 1234 5678 → cinco cinco, uno dos tres cuatro, cinco seis siete ocho
1'5 → uno coma cinco
10 / 2 = 5 → diez entre dos igual a cinco
3,50 euros → tres euros con cincuenta céntimos
"""

OTHERS = """
it: Ho 3 gatti. → Ho tre gatti.
it: il 3 marzo 2026 → il tre marzo duemilaventisei
it: 3,50 € → tre euro e cinquanta
it: 20 °C → venti gradi Celsius
pt: 3,50 € → três euros e cinquenta cêntimos
pt: 3 de março de 2026 → três de março de dois mil e vinte e seis
pt: R$ 20 → vinte reais
nl: 3,50 € → drie euro vijftig
nl: 14.30 uur → veertien uur dertig
nl: 1999 → negentiennegenennegentig
pl: Mam 25 lat. → Mam dwadzieścia pięć lat.
en-GB: 03/04/2026 → the third of April, twenty twenty-six
es-MX: $20 → veinte pesos
es-MX: 3.5 → tres punto cinco
de-CH: 1'234.50 → tausendzweihundertvierunddreißig Punkt fünf null
"""

DECORATION = """
**Note:** _this_ is `code` → Note: this is code
I ♥ you 😀! → I you!
Great 👍🏽 work → Great work
# Title\\n\\nText here. → Title. Text here.
Buy:\\n- milk\\n- two eggs → Buy: milk. two eggs
[our page](https://example.org) → our page
> quoted → quoted
a <b>bold</b> word → a bold word
ends here…\\n\\nNext → ends here… Next
"""


def cases(language: str, table: str) -> list[tuple[str, str, str]]:
    """The rows of a table, `written → spoken`."""
    rows: list[tuple[str, str, str]] = []
    for row in table.strip().splitlines():
        written, expected = row.split(" → ")
        tag = language
        if not tag:
            tag, written = written.split(": ", 1)
        rows.append((tag, written.replace("\\n", "\n"), expected))
    return rows


CASES = [
    *cases("en", ENGLISH),
    *cases("de", GERMAN),
    *cases("fr", FRENCH),
    *cases("es", SPANISH),
    *cases("", OTHERS),
    *cases("en", DECORATION),
]


@pytest.mark.parametrize(("language", "written", "expected"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_is_said_as_a_native_speaker_would(language: str, written: str, expected: str) -> None:
    assert spoken(written, language) == expected
