"""The tables of the claims generator: German names, streets, cities and goods, all invented combinations.

E-mail domains are reserved ones (RFC 2606), telephone numbers from the Bundesnetzagentur's fictional ranges. An
underscore stands for a space. The order of every table is part of the generator's promise: same seed, same bytes.
"""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


FIRST_NAMES_F: Final = _words(
    """
    Anna Jördis Käthe Ursula Sabine Monika Petra Claudia Susanne Andrea Brigitte Heike Birgit Gabriele Kerstin
    Stefanie Julia Katharina Lena Hannah Emilia Zoë Börte Ayşe Elif Zeynep Agnieszka Małgorzata Chloé Renée
    Marie-Luise Anne-Käthrin
    """
)
FIRST_NAMES_M: Final = _words(
    """
    Jürgen Günther Jörg Björn Sören Götz Rüdiger Lüder Hans-Jürgen Karl-Heinz Peter Michael Thomas Andreas Wolfgang
    Klaus Stefan Christian Uwe Werner Frank Matthias Sebastian Lukas Leon Noah Emre Mehmet Łukasz René Dağhan Oğuz
    """
)
LAST_NAMES: Final = _words(
    """
    Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf
    Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann
    Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel
    Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon Ludwig
    Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas
    Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann Thomas Voigt Sauer Arnold Wolff
    Pfeiffer Yılmaz Özdemir Kowalczyk Nguyễn Übelhör Strauß Preuß
    """
)
LAST_NAMES_OF_SEVERAL_WORDS: Final = _words(
    """
    von_der_Heide zu_Löwenstein van_den_Bosch de_Sá Freiherr_von_Rüxleben O’Neill Müller-Lüdenscheidt
    Leutheusser-Groß
    """
)
STREETS: Final = _words(
    """
    Hauptstraße Bahnhofstraße Gartenstraße Schulstraße Dorfstraße Bergstraße Goethestraße Schillerstraße Lindenallee
    Mühlenweg Kirchgasse Am_Größeren_Wäldchen Königsallee Straße_des_17._Juni Ringstraße Jägerstraße Röntgenstraße
    An_der_Fähre Grüner_Weg Müllerstraße Waldweg Ährenweg Übersee-Ring Platz_der_Einheit
    """
)
CITIES: Final = tuple(
    (city[:5], city[6:])
    for city in _words(
        """
        10115_Berlin 20095_Hamburg 80331_München 50667_Köln 60311_Frankfurt_am_Main 70173_Stuttgart 40213_Düsseldorf
        44135_Dortmund 45127_Essen 04109_Leipzig 28195_Bremen 01067_Dresden 30159_Hannover 90402_Nürnberg
        47051_Duisburg 48143_Münster 24103_Kiel 99084_Erfurt 97070_Würzburg 37073_Göttingen 72070_Tübingen
        23552_Lübeck 16225_Eberswalde 06108_Halle_(Saale) 88662_Überlingen 73033_Göppingen 03046_Cottbus
        18055_Rostock 15230_Frankfurt_(Oder) 84028_Landshut 67655_Kaiserslautern 26121_Oldenburg
        """
    )
)
GOODS: Final = _words(
    """
    Kühlschrank Wärmepumpentrockner Fußmatte Bürostuhl Lampe Kaffeemühle Geschirrspüler Heckenschere Rucksack
    Winterjacke Laufschuhe Bücherregal Staubsaugerbeutel Handyhülle Ladekabel Zubehörset Jahresabo Servicepauschale
    Versandkosten Matratze Bettwäsche Töpfe-Set Türklingel Blumenübertopf Hundefutter Akku-Bohrer
    """
)
NOTES: Final = (
    "",
    "",
    "",
    "Kunde meldet sich nicht.",
    "Ratenzahlung über 3 Monate vereinbart, 1. Rate ausgeblieben.",
    "Hr. {l} ruft zurück unter {p}; bitte abends.",
    "Lastschrift zurück (Konto erloschen).",
    "Adresse lt. EMA geprüft.",
    "Kundin krank, bittet um Aufschub bis Ende des Monats.",
    "Ware reklamiert? Rücksprache mit Frau {l} – {e}",
    "Zahlungserinnerung per E-Mail an {e} gesendet, keine Reaktion; 2. Mahnung per Post.",
    "Insolvenz?? Prüfen!\nNachtrag: kein Eintrag gefunden.",
)
LEGAL_FORMS: Final = _words(
    """
    GmbH GmbH_&_Co._KG UG_(haftungsbeschränkt) AG e.K. OHG GbR
    """
)
TRADES: Final = _words(
    """
    Bäckerei Tischlerei Autohaus Gärtnerei Malerbetrieb Reinigungsservice Elektrotechnik Getränkehandel Möbelhaus
    Büroservice
    """
)
DOMAINS: Final = _words(
    """
    example.de example.com example.org post.example büro.example
    """
)
PHONES: Final = (
    "030 23125{:03d}",
    "069 90009{:03d}",
    "040 66969{:03d}",
    "0221 4710{:03d}",
    "089 99998{:03d}",
    "0152 28817{:03d}",
    "0171 39200{:02d}",
    "+49 176 040690{:02d}",
)
DEFECTS: Final = (
    "bad_email",
    "bad_date",
    "neg_amount",
    "due_before_invoice",
    "overpaid",
    "bad_postcode",
    "blank_name",
    "mojibake",
    "padded",
    "decimal_comma",
    "control_char",
    "duplicate_id",
    "missing_field",
    "unknown_currency",
    "minor_birth",
    "extra_field",
    "huge_note",
)
CSV_COLUMNS: Final = (
    "claim_id",
    "customer_no",
    "debtor_kind",
    "salutation",
    "first_name",
    "last_name",
    "birth_date",
    "company_name",
    "legal_form",
    "register_no",
    "street",
    "house_no",
    "postcode",
    "city",
    "country",
    "email",
    "phone",
    "iban",
    "contract_no",
    "order_date",
    "invoice_no",
    "invoice_date",
    "due_date",
    "amount",
    "currency",
    "paid_amount",
    "dunning_fees",
    "interest_rate",
    "payment_method",
    "disputed",
    "reminders",
    "lines",
    "note",
)
TRANSLITERATION: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
