"""`doctor`: examines everything a night needs, changes nothing, and says of each part what is wrong and what to do."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final, NamedTuple

from audit.entry import EntryError
from audit.guards import missing_guards
from audit.store import commitments, entries, items_of
from gateway.custody.examination import examine_backup, examine_keys
from gateway.custody.rotation import signer_lines
from gateway.errors import GatewayError, IntegrityError, UsageError
from gateway.figures.tables import ends_soon, load_figures
from gateway.handover.feed import Feed
from gateway.log.protecting import require_protected
from gateway.office import Office
from gateway.partners.vetting import unfit
from gateway.readers.presets import preset_of
from gateway.settings import Agency, Configuration, Source
from gateway.transport.sftp import SftpTransport
from gateway.wiring import clock, creditor_ring, endpoint, open_office, read_agekey
from keys.root import KeyFileError
from keys.sqlite import StoreError
from keys.sshsig import fingerprint
from schemas.package import Part
from schemas.words import counted

FIGURES_WARNING_DAYS: Final = 60


class Finding(NamedTuple):
    """What was examined, the exit code its fault would have (0 if it is well), and a sentence."""

    what: str
    exit_code: int
    says: str


def examine(configuration: Configuration, today: date) -> list[Finding]:
    """All findings; the first part that fails does not hide the others."""
    settings = configuration.settings
    findings = [_try("configuration", _configuration, configuration), _try("keys", _keys, configuration)]
    findings.append(_try("stores", _stores, configuration))
    findings += [_try("escrow", _escrow, configuration), _try("backup", _backup, configuration)]
    findings.append(_try("legal figures", partial(_figures, today), configuration))
    findings += [_try(f"source {one.id}", partial(_source, one, today), configuration) for one in settings.sources]
    findings += [_try(f"agency {one.id}", partial(_agency, one), configuration) for one in settings.agencies]
    findings += [_try(f"vetting {one.id}", partial(_vetting, one, today), configuration) for one in settings.agencies]
    return findings


def _try(what: str, look: Callable[[Configuration], str], configuration: Configuration) -> Finding:
    try:
        return Finding(what, 0, look(configuration))
    except GatewayError as error:
        return Finding(what, error.exit_code, str(error))
    except (KeyFileError, StoreError) as error:
        return Finding(what, UsageError.exit_code, str(error))
    except EntryError as error:
        return Finding(what, IntegrityError.exit_code, str(error))


def _configuration(configuration: Configuration) -> str:
    if not configuration.settings.mandates:
        raise UsageError("no mandate is configured yet: nothing can be handed over")
    return counted(len(configuration.settings.mandates), "mandate")


def _keys(configuration: Configuration) -> str:
    key = creditor_ring(configuration).signing_key().public_key()
    lines = signer_lines(configuration, key)
    told = f"signing key {fingerprint(key)}; hand to the agency, and confirm by telephone: "
    told += " / ".join(lines) if lines else "(no entity is configured yet)"
    keys = configuration.path(configuration.settings.stores.keys)
    recipients = " / ".join(str(one.recipient) for one in read_agekey(keys, Part.ANSWERS))
    return f"{told}; agencies seal their answers to {recipients}"


def _stores(configuration: Configuration) -> str:
    with open_office(configuration) as office:
        require_protected(office)
        return _store(office)


def _store(office: Office) -> str:
    with office.connection.begin():
        size = 0
        for position, entry in entries(office.connection):
            if getattr(entry, "items", None) != items_of(commitments(office.connection, position)):
                raise IntegrityError(f"entry {position} of the log does not fit its commitments: stop, and keep a copy")
            size += 1
        lacking = missing_guards(office.connection)
        if lacking:
            raise IntegrityError(f"the log's triggers are not as `init` made them: {', '.join(lacking)}; restore them")
        waiting = len(office.packages.outgoing())
    return f"a pair; the log holds {counted(size, 'entry', 'entries')}; {counted(waiting, 'package')} to be sent"


def _escrow(configuration: Configuration) -> str:
    with open_office(configuration) as office:
        return examine_keys(office)


def _backup(configuration: Configuration) -> str:
    with open_office(configuration) as office:
        return examine_backup(office, clock())


def _figures(today: date, configuration: Configuration) -> str:
    soon = ends_soon(load_figures(configuration.settings.figures), today, FIGURES_WARNING_DAYS)
    if ended := [one for one in soon if one.last < today]:
        raise GatewayError(
            f"the table of {ended[0].table} ended on {ended[0].last}: add a row with its source ([figures])"
        )
    told = [f"the table of {one.table} ends on {one.last}: add a row with its source before then" for one in soon]
    return "; ".join(told) or f"every table covers the next {FIGURES_WARNING_DAYS} days"


def _source(source: Source, today: date, configuration: Configuration) -> str:
    preset_of(source)
    if not configuration.path(source.inbox).is_dir():
        raise UsageError(f"the inbox of source {source.id} is not a folder: make it, or correct `inbox`")
    if source.facts is None:
        return "inbox and mapping are there; no facts feed: what it would say is unknown"
    feed = Feed(source.id, configuration.path(source.facts), today)
    if feed.failure is not None:
        raise feed.failure
    return "inbox and mapping are there; the facts feed is complete and fresh"


def _vetting(agency: Agency, today: date, configuration: Configuration) -> str:
    with open_office(configuration) as office:
        found = unfit(office, [agency.id], today).get(agency.id)
    if found is not None:
        raise found
    return "checked, keys confirmed, and it has answered a probe"


def _agency(agency: Agency, configuration: Configuration) -> str:
    with SftpTransport(endpoint(configuration, agency)) as transport:
        told = "post-quantum" if transport.post_quantum else "CLASSICAL: traffic recorded today could be read later"
        return f"the server has the pinned host key and lets us in; key exchange {transport.key_exchange} ({told})"
