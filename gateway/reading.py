"""The log of readings: which command showed whose personal data, and when; apart from the audit log, and shorter-lived.

    office.readings.record("claim show", [claim_id], now)      before the first byte is shown

Rules: the entry is durable when `record` returns. One log a calendar year (UTC), with an origin and a file of its own,
begun by that year's first reading, and signed with the key of the audit log; its last checkpoint lies outside it. The logs
of this year and of the one before are kept, an older one ends whole. Items name random ids, claims' or requests', or an
agency's case references: once a person is erased nothing leads from them to that person, so nothing is destroyed in
between. Reading such a log is one `log.read` in this year's, and ends.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy.engine import Connection

from audit.durable import sync_folder
from audit.guards import set_guards
from audit.items import commitment, reading_item
from audit.log import Log
from audit.note import NoteSigner
from audit.shown import Held, Opened
from audit.store import AUDIT_METADATA, append, count, items_of
from audit.stored import StoredLog
from audit.verdict import Verdict
from audit.verify import verify
from gateway.errors import InputError, IntegrityError
from gateway.outside import beginning, check_checkpoint, first_key, keep_checkpoint, log_keys
from gateway.store.readings import READINGS_METADATA, Read, add_reads, reads_of
from keys.references import new_id
from keys.sqlite import create_store, open_store, truncate_log
from schemas.entry import DataRead, LogKeyRotated
from schemas.readings import LogRead, ReadingsBegun

_COMPANIONS: Final = ("", "-wal", "-shm")
_OPENING_BYTES: Final = 32


class OpenReadings(NamedTuple):
    """The log of one year, open."""

    connection: Connection
    log: Log


class Readings:
    """The logs of readings in one folder; `outside` is the folder of their last checkpoints."""

    def __init__(self, folder: Path, outside: Path, signers: Callable[[str], Sequence[NoteSigner]]) -> None:
        self._folder = folder
        self._outside = outside
        self._signers = signers

    def record(self, command: str, whose: Iterable[str], now: datetime) -> None:
        """Somebody is about to see personal data; call it before any of it is shown. `whose`: at least one id.

        Raises IntegrityError if the log is older than its last checkpoint; StoreError passes. Then nothing may be shown.
        """
        reads = [Read(item, one, os.urandom(_OPENING_BYTES)) for item, one in enumerate(sorted(set(whose)))]
        commitments = [commitment(read.opening, reading_item(read.whose)) for read in reads]
        items = items_of(commitments)
        if items is None:
            raise ValueError("a reading of personal data names whose they are")
        actor = f"system:{command.replace(' ', '-')}"
        entry = DataRead(id=new_id(), time=now, actor=actor, command=command, items=items)
        with self._writing(now) as (connection, _), connection.begin():
            add_reads(connection, append(connection, entry, commitments).position, reads)

    def follow(self, now: datetime) -> None:
        """This year's log, if there is one, goes on under the active key: before the one before it is destroyed."""
        if now.year in self.years():
            with self._writing(now):
                pass

    def record_log_read(self, command: str, now: datetime) -> None:
        """Somebody is about to read a log of readings."""
        entry = LogRead(id=new_id(), time=now, actor=f"system:{command.replace(' ', '-')}")
        with self._writing(now) as (connection, _), connection.begin():
            append(connection, entry)

    @contextmanager
    def opened(self, year: int) -> Iterator[OpenReadings]:
        """The log of a year. Raises InputError if there is none, IntegrityError if it is not the one it was."""
        path, held = self._path(year), self._checkpoint(year)
        if not path.exists():
            if held.exists():
                raise IntegrityError(f"{path} is gone, and {held} says that it was there: restore it")
            raise InputError(f"there is no log of readings of {year}: nothing was read in it, or it has ended")
        engine = open_store(path)
        with engine.connect() as connection:
            with connection.begin():
                first = count(connection) == 1
                log = Log(connection, self._signers(beginning(connection).origin)[0])
            if first and not held.exists():
                keep_checkpoint(held, connection, log)  # a kill came between the two
            with connection.begin():
                check_checkpoint(log, held)
            with log:
                yield OpenReadings(connection, log)
        engine.dispose()

    def years(self) -> list[int]:
        """The years of which there is a log."""
        return sorted(int(path.stem) for path in self._folder.glob("*.db") if path.stem.isdecimal())

    def ending(self, today: date) -> list[int]:
        """The years whose logs are to end: all but this one and the one before."""
        return [year for year in self.years() if year < today.year - 1]

    def end(self, year: int) -> None:
        """Removes the log of a year."""
        for suffix in _COMPANIONS:
            self._path(year).with_suffix(f".db{suffix}").unlink(missing_ok=True)
        self._checkpoint(year).unlink(missing_ok=True)

    def verify(self, year: int, held: Sequence[Held], progress: Callable[[int], None]) -> Verdict:
        """The verdict on the log of a year, with every item opened."""
        with self.opened(year) as (connection, _), connection.begin():

            def places(entry: int) -> list[int]:
                return [read.item for read in reads_of(connection, entry)]

            def opened(entry: int) -> Iterator[Opened]:
                for read in reads_of(connection, entry):
                    yield Opened(read.item, reading_item(read.whose), read.opening)

            return verify(StoredLog(connection, places, opened), first_key(connection), held, progress)

    @contextmanager
    def _writing(self, now: datetime) -> Iterator[OpenReadings]:
        if not self._path(now.year).exists() and not self._checkpoint(now.year).exists():
            self._begin(now)
        with self.opened(now.year) as found:
            self._follow(*found, now)
            yield found
            keep_checkpoint(self._checkpoint(now.year), *found)

    def _follow(self, connection: Connection, log: Log, now: datetime) -> None:
        """Once the audit log's key has changed, this log's changes too, by an entry that the old one signs."""
        active, *others = self._signers(log.origin)
        with connection.begin():
            in_force = log_keys(connection)[-1]
        if in_force == active.key:
            return
        before = next((one for one in others if one.key == in_force), None)
        if before is None:
            raise IntegrityError("the key that signs this year's log of readings is gone: bring it back from escrow")
        log.sign_with(before)
        with connection.begin():
            append(
                connection,
                LogKeyRotated(id=new_id(), time=now, actor="system:readings", log_key=str(active.key)),
            )
        log.sign_with(active)

    def _begin(self, now: datetime) -> None:
        path = self._path(now.year)
        part = path.with_suffix(".part")
        for suffix in _COMPANIONS:
            part.with_suffix(f".part{suffix}").unlink(missing_ok=True)
        signer, *_ = self._signers(f"inkasso-readings/{now.year}/{new_id()}")
        begun = ReadingsBegun(
            id=new_id(), time=now, actor="system:readings", origin=signer.key.name, log_key=str(signer.key)
        )
        engine = create_store(part, AUDIT_METADATA)
        with engine.connect() as connection:
            with connection.begin():
                READINGS_METADATA.create_all(connection)
                set_guards(connection)
            with Log(connection, signer), connection.begin():
                append(connection, begun)
            truncate_log(connection)
        engine.dispose()
        part.rename(path)
        sync_folder(self._folder)

    def _path(self, year: int) -> Path:
        return self._folder / f"{year}.db"

    def _checkpoint(self, year: int) -> Path:
        return self._outside / f"readings-{year}"
