"""Every column of `gateway.db` that holds a digest, by the key it is under: what a rotation of that key has to rewrite."""

from typing import Final

from sqlmodel import col

from gateway.store.releases import ReleaseRow
from gateway.store.request_tables import MarkerRow
from gateway.store.tables import FileRow, RejectRow, ScreeningRow
from keys.labels import Purpose
from keys.vault_tables import DigestColumn

DIGESTS: Final = {
    Purpose.INDEX: (
        DigestColumn(ScreeningRow, col(ScreeningRow.row_digest)),
        DigestColumn(FileRow, col(FileRow.digest)),
        DigestColumn(RejectRow, col(RejectRow.file)),
        DigestColumn(ReleaseRow, col(ReleaseRow.row_digest)),
        DigestColumn(ReleaseRow, col(ReleaseRow.told_digest)),
    ),
    Purpose.MARKER: (DigestColumn(MarkerRow, col(MarkerRow.digest)),),
}
