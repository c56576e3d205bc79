"""Every event of the log in a sentence, German and English; `{field}` is a field of the entry.

`{field:one|many}` is a count and the words behind it: the first if it is one, otherwise the second.
"""

from string import Formatter
from typing import Final, NamedTuple

from schemas.codes import ErasureScope
from schemas.entry import Entry, ErasureCompleted, ErasureIntended


class Sentence(NamedTuple):
    """The same in two languages."""

    de: str
    en: str


SENTENCES: Final = {
    "store.created": Sentence("Das Protokoll {origin} beginnt.", "The log {origin} begins."),
    "claims.screened": Sentence(
        "Aus {source} geprüft: {cleared} freigegeben, {held} zurückgehalten, {refused} abgelehnt, {rejected} unlesbar.",
        "Screened from {source}: {cleared} cleared, {held} held, {refused} refused, {rejected} unreadable.",
    ),
    "claims.missed": Sentence(
        "{gone:übergebene Forderung fehlt|übergebene Forderungen fehlen} im vollständigen Export aus {source}, "
        "{back:ist|sind} wieder da.",
        "{gone:claim at an agency is|claims at agencies are} missing from a full export of {source}, {back:is|are} back.",
    ),
    "package.sealed": Sentence(
        "Paket {package} (Nummer {sequence}) wurde für {recipient} versiegelt.",
        "Package {package} (number {sequence}) was sealed for {recipient}.",
    ),
    "package.uploaded": Sentence(
        "Paket {package} liegt vollständig auf dem Server von {recipient}.",
        "Package {package} lies complete on the server of {recipient}.",
    ),
    "package.signed-again": Sentence(
        "Paket {package} trägt jetzt die Unterschrift des neuen Schlüssels.",
        "Package {package} bears the signature of the new key.",
    ),
    "package.delivered": Sentence(
        "Der Empfang von Paket {package} ist quittiert.", "Receipt of package {package} was signed."
    ),
    "package.refused": Sentence(
        "{recipient} hat Paket {package} nicht angenommen ({fault}) und nimmt es nie an.",
        "{recipient} has not taken package {package} ({fault}) and never will.",
    ),
    "package.voided": Sentence(
        "Paket {package} (Nummer {sequence}) wird für ungültig erklärt ({reason}): {recipient} soll die Nummer schließen.",
        "Package {package} (number {sequence}) is voided ({reason}): {recipient} is to close its number.",
    ),
    "package.withdrawn": Sentence(
        "Paket {package} an {recipient} wurde zurückgezogen.", "Package {package} to {recipient} was withdrawn."
    ),
    "messages.received": Sentence(
        "Von {sender} kam ein Paket ({kind}, Nummer {sequence}).",
        "{sender} sent a package ({kind}, number {sequence}).",
    ),
    "actor.enrolled": Sentence("{name} darf ab jetzt freigeben.", "{name} may approve from now on."),
    "actor.revoked": Sentence("Der Schlüssel {key} gibt nichts mehr frei.", "Key {key} approves nothing any more."),
    "agency.checked": Sentence("{agency} wurde überprüft.", "{agency} was vetted."),
    "agency.probed": Sentence("{agency} bekam ein Probepaket.", "{agency} was sent a probe."),
    "agency.answered": Sentence("{agency} hat das Probepaket geöffnet.", "{agency} opened the probe."),
    "case.recalled": Sentence("Ein Fall bei {agency} wurde zurückgerufen.", "A case at {agency} was recalled."),
    "dispute.settled": Sentence(
        "Eine Bestreitung, die {agency} gemeldet hatte, ist erledigt: {end}.",
        "A dispute that {agency} had reported is settled: {end}.",
    ),
    "question.answered": Sentence(
        "Eine Frage von {agency} ({asked}) wurde beantwortet: {answer}.",
        "A question of {agency} ({asked}) was answered: {answer}.",
    ),
    "answers.dropped": Sentence(
        "{answers:Antwort wurde|Antworten wurden} nicht gesendet: der Fall ist beendet oder wurde eingeschränkt.",
        "{answers:answer was|answers were} not sent: the case has ended, or was restricted since.",
    ),
    "key.offered": Sentence(
        "Ein neuer Schlüssel ({purpose}) wurde angeboten; der alte gilt bis {old_until}.",
        "A new key ({purpose}) was offered; the old one counts until {old_until}.",
    ),
    "partner-key.confirmed": Sentence(
        "Ein neuer Schlüssel von {agency} ({purpose}) wurde abgeglichen; der alte gilt bis {old_until}.",
        "A new key of {agency} ({purpose}) was compared; the old one counts until {old_until}.",
    ),
    "claims.released": Sentence(
        "Zurückgehaltene Forderungen wurden freigegeben.", "Held claims were released by a person."
    ),
    "log.key-rotated": Sentence(
        "Das Protokoll wird ab jetzt mit einem anderen Schlüssel signiert.", "From now on another key signs the log."
    ),
    "key.rotated": Sentence("Der Schlüssel für {purpose} wurde erneuert.", "The {purpose} key was renewed."),
    "key.destroyed": Sentence("Ein Schlüssel für {purpose} wurde vernichtet.", "A {purpose} key was destroyed."),
    "erasure.intended": Sentence(
        "Die Löschung zu {claims:Forderung|Forderungen} beginnt ({ground}).",
        "The erasure of {claims:claim|claims} begins ({ground}).",
    ),
    "erasure.completed": Sentence(
        "Die Löschung ist vollzogen: {count:Eintrag zu einem Einzelfall ist|Einträge zu Einzelfällen sind} vernichtet "
        "({ground}).",
        "The erasure is done: {count:item is|items are} gone ({ground}).",
    ),
    "data.read": Sentence("Mit `{command}` wurden Personendaten gelesen.", "Personal data was read by `{command}`."),
    "log.read": Sentence("Das Leseprotokoll wurde gelesen.", "The log of readings was read."),
    "readings.begun": Sentence("Das Leseprotokoll {origin} beginnt.", "The log of readings {origin} begins."),
    "readings.ended": Sentence(
        "Das Leseprotokoll des Jahres {of_year} mit {size:Eintrag|Einträgen} endet.",
        "The log of readings of {of_year}, with {size:entry|entries}, ends.",
    ),
    "books.compared": Sentence(
        "Die Bücher wurden mit {agency} abgeglichen: {differences:Abweichung|Abweichungen}.",
        "The books were compared with {agency}: {differences:difference|differences}.",
    ),
    "report.made": Sentence("Ein Bericht wurde erstellt ({report}).", "A report was made ({report})."),
    "mandate.issued": Sentence(
        "Mandat {mandate}, Fassung {mandate_version}, gilt ab jetzt und bleibt unverändert.",
        "Mandate {mandate}, version {mandate_version}, is in use from now on and does not change.",
    ),
    "mandate.signed": Sentence(
        "Mandat {mandate}, Fassung {mandate_version}, wurde unterschrieben.",
        "Mandate {mandate}, version {mandate_version}, was signed.",
    ),
    "mandate.countersigned": Sentence(
        "{agency} hat Mandat {mandate}, Fassung {mandate_version}, gegengezeichnet.",
        "{agency} countersigned mandate {mandate}, version {mandate_version}.",
    ),
    "stores.copied": Sentence(
        "Beide Datenbanken wurden gesichert (Stand {generation}), und die Kopien lassen sich öffnen.",
        "Both databases were copied (generation {generation}), and the copies open.",
    ),
    "epoch.rotated": Sentence(
        "Löschungen sind endgültig bis Nummer {record}: ältere Kopien des Tresors sind tot.",
        "Erasures are final up to record {record}: older copies of the vault are dead.",
    ),
    "store.restored": Sentence(
        "Die Datenbanken wurden aus Kopien wiederhergestellt; das Protokoll geht als {origin} weiter.",
        "The databases were restored from copies; the log goes on as {origin}.",
    ),
    "package.lost": Sentence(
        "Beim Inkassobüro {recipient} lag Paket {package}, das die Wiederherstellung nicht kennt; seine Nummer {sequence} "
        "ist vergeben.",
        "Package {package}, which the restored books do not know, lay at {recipient}; its number {sequence} is used up.",
    ),
    "statement.taken": Sentence(
        "Nach der Wiederherstellung hat {agency} ihren Stand erklärt: {matched:Fall|Fälle} bekannt, {strange} unbekannt.",
        "After the restore {agency} made its statement: {matched:case|cases} known, {strange} unknown.",
    ),
    "request.opened": Sentence(
        "Antrag {request} ist eingegangen; die Antwort ist bis {due} fällig.",
        "Request {request} came in; the answer is due on {due}.",
    ),
    "request.received-earlier": Sentence(
        "Antrag {request} war schon früher eingegangen; die Antwort ist bis {due} fällig.",
        "Request {request} had come in earlier; the answer is due on {due}.",
    ),
    "request.identified": Sentence(
        "Bei Antrag {request} steht fest, wer ihn stellt.", "It is established who makes request {request}."
    ),
    "request.extended": Sentence(
        "Die Frist von Antrag {request} wurde bis {due} verlängert.", "Request {request} was extended to {due}."
    ),
    "request.decided": Sentence(
        "Über Antrag {request} ist entschieden; er betrifft {claims:Forderung|Forderungen}.",
        "Request {request} is decided; it is about {claims:claim|claims}.",
    ),
    "request.addressed": Sentence(
        "Zu Antrag {request} ist aufgeschrieben, wohin die Antwort geht.",
        "It is written down where the answer to request {request} goes.",
    ),
    "request.corrected": Sentence(
        "Zu Antrag {request} ist aufgeschrieben, was richtig ist.",
        "It is written down what is right, for request {request}.",
    ),
    "request.closed": Sentence(
        "Antrag {request} ist abgeschlossen: alle Mitteilungen sind beantwortet.",
        "Request {request} is closed: every notice was answered.",
    ),
    "markers.ended": Sentence(
        "{markers:Prüfsumme einer gelöschten Forderung ist|Prüfsummen gelöschter Forderungen sind} abgelaufen.",
        "{markers:marker of an erased claim has|markers of erased claims have} ended.",
    ),
    "request.executed": Sentence(
        "Antrag {request} ist ausgeführt: {erased:Forderung|Forderungen} gelöscht, {restricted} eingeschränkt.",
        "Request {request} is carried out: {erased:claim|claims} erased, {restricted} restricted.",
    ),
    "request.ended": Sentence(
        "Die Aufbewahrungsfrist von Antrag {request} ist abgelaufen; seine Akte ist vernichtet.",
        "The period of request {request} has ended; its file is destroyed.",
    ),
    "request.answered": Sentence("Antrag {request} ist beantwortet.", "Request {request} was answered."),
    "restriction.lifted": Sentence(
        "Die Einschränkung aus Antrag {request} ist aufgehoben.", "The restriction of request {request} was lifted."
    ),
    "restrictions.prolonged": Sentence(
        "{claims:Forderung mit Titel bleibt|Forderungen mit Titel bleiben} eingeschränkt, bis der Titel verjährt.",
        "{claims:claim with a title stays|claims with a title stay} restricted until it is time-barred.",
    ),
    "notices.made": Sentence(
        "Wegen Antrag {request}: {notices:Mitteilung wartet|Mitteilungen warten} auf den Versand an Inkassobüros.",
        "{notices:notice to an agency waits|notices to agencies wait} because of request {request}.",
    ),
}
_GERMAN: Final = {
    "request": "auf Antrag",
    "retention": "Aufbewahrung beendet",
    "restore": "nach Wiederherstellung",
    "receipt": "Quittung",
    "answers": "Antworten",
    "record": "Verarbeitungsverzeichnis",
    "minimisation": "Datenminimierung",
}
"""Codes that stand in a sentence; any other stands as it is."""


_OF_SOURCES: Final = {
    "erasure.intended": Sentence(
        "Die Löschung dessen beginnt, was die Quelle zu {claims:Forderung|Forderungen} geliefert hat ({ground}).",
        "The erasure of what the source delivered of {claims:claim|claims} begins ({ground}).",
    ),
    "erasure.completed": Sentence(
        "Was die Quelle geliefert hat, ist gelöscht; Einträge zu Einzelfällen bleiben ({ground}).",
        "What the source delivered is erased; the items of the log stay ({ground}).",
    ),
}


class _Counting(Formatter):
    """Fields as they are, and counts with their words."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, many, *_ = *format_spec.split("|"), ""
        return f"{value} {one if value == 1 else many}" if many else f"{value}"


def _is_of_sources(entry: Entry) -> bool:
    return isinstance(entry, ErasureIntended | ErasureCompleted) and entry.scope is ErasureScope.SOURCE


def sentence(entry: Entry, language: str) -> str:
    """An entry as a sentence."""
    found = _OF_SOURCES[entry.event] if _is_of_sources(entry) else SENTENCES[entry.event]
    fields = {name: getattr(entry, name) for name in type(entry).model_fields}
    if language != "de":
        return _Counting().vformat(found.en, (), fields)
    return _Counting().vformat(found.de, (), {name: _GERMAN.get(str(value), value) for name, value in fields.items()})
