"""An export of the audit log, or of a year's log of readings, for somebody who trusts neither database nor operations."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from audit.export import ExportError, export
from audit.log import Log
from gateway.errors import UsageError
from gateway.office import Office
from gateway.outside import first_key


def export_log(
    office: Office, readings: int | None, folder: Path, now: datetime, progress: Callable[[int], None]
) -> int:
    """Brings the export in `folder` up to date; how many entries it holds. Raises UsageError, InputError.

    An export of readings is a reading of that log, and is logged before.
    """
    if readings is None:
        return _export(office.connection, office.log, folder, progress)
    office.readings.record_log_read("audit export", now)
    with office.readings.opened(readings) as (connection, log):
        return _export(connection, log, folder, progress)


def _export(connection: Connection, log: Log, folder: Path, progress: Callable[[int], None]) -> int:
    try:
        with connection.begin():
            return export(connection, log, first_key(connection), folder, progress)
    except ExportError as error:
        raise UsageError(str(error)) from None
