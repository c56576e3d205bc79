"""Every event of the log in a sentence, German and English; `{field}` is a field of the entry."""

from typing import Final, NamedTuple

from schemas.entry import Entry


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
    "package.sealed": Sentence(
        "Paket {package} (Nummer {sequence}) wurde für {recipient} versiegelt.",
        "Package {package} (number {sequence}) was sealed for {recipient}.",
    ),
    "package.uploaded": Sentence(
        "Paket {package} liegt vollständig auf dem Server von {recipient}.",
        "Package {package} lies complete on the server of {recipient}.",
    ),
    "package.delivered": Sentence(
        "Der Empfang von Paket {package} ist quittiert.", "Receipt of package {package} was signed."
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
    "claims.released": Sentence(
        "Zurückgehaltene Forderungen wurden freigegeben.", "Held claims were released by a person."
    ),
    "log.key-rotated": Sentence(
        "Das Protokoll wird ab jetzt mit einem anderen Schlüssel signiert.", "From now on another key signs the log."
    ),
    "key.rotated": Sentence("Der Schlüssel für {purpose} wurde erneuert.", "The {purpose} key was renewed."),
    "key.destroyed": Sentence("Ein Schlüssel für {purpose} wurde vernichtet.", "A {purpose} key was destroyed."),
    "erasure.intended": Sentence(
        "Die Löschung von {claims} Forderungen beginnt ({ground}).", "The erasure of {claims} claims begins ({ground})."
    ),
    "erasure.completed": Sentence(
        "Die Löschung ist vollzogen: {count} Einträge zu Einzelfällen sind vernichtet ({ground}).",
        "The erasure is done: {count} items are gone ({ground}).",
    ),
    "data.read": Sentence("Mit `{command}` wurden Personendaten gelesen.", "Personal data was read by `{command}`."),
    "log.read": Sentence("Das Leseprotokoll wurde gelesen.", "The log of readings was read."),
}
_OTHER: Final = Sentence("{event}.", "{event}.")


def sentence(entry: Entry, language: str) -> str:
    """An entry as a sentence; an event without one of its own says its name."""
    found = SENTENCES.get(entry.event, _OTHER)
    fields = {name: getattr(entry, name) for name in type(entry).model_fields}
    return (found.de if language == "de" else found.en).format(**fields)
