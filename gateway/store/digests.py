"""Every column of `gateway.db` that holds a digest under the index key: what a rotation of that key has to rewrite."""

from typing import Final

from sqlmodel import col

from gateway.store.releases import ReleaseRow
from gateway.store.request_tables import MarkerRow
from gateway.store.tables import FileRow, RejectRow, ScreeningRow
from keys.vault_tables import DigestColumn

DIGESTS: Final = (
    DigestColumn(ScreeningRow, col(ScreeningRow.row_digest)),
    DigestColumn(FileRow, col(FileRow.digest)),
    DigestColumn(RejectRow, col(RejectRow.file)),
    DigestColumn(ReleaseRow, col(ReleaseRow.row_digest)),
    DigestColumn(ReleaseRow, col(ReleaseRow.told_digest)),
    DigestColumn(MarkerRow, col(MarkerRow.digest)),
)
