"""Reading what is kept, for lists: claim numbers, rows and reasons, never a person."""

from typing import Final, NamedTuple

from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.store.payload import open_payload

_PAGE: Final = 4_000


class HeldClaim(NamedTuple):
    """A claim that waits for a person: its number at the source, the row it came from, the rules that hold it."""

    claim_no: str
    source: str
    row: int
    rules: tuple[str, ...]

    def cells(self) -> tuple[str, str, str, str]:
        """A row of a table."""
        return self.claim_no, self.source, str(self.row), ", ".join(self.rules)


def held_claims(office: Office) -> list[HeldClaim]:
    """All held claims in the order they were judged. Raises IntegrityError, keys.wrap.WrapError."""
    found = []
    with office.connection.begin(), office.vault_connection.begin():
        last = office.claims.last()
        for source in office.configuration.settings.sources:
            after = 0
            while page := office.claims.held(source.id, after, last, _PAGE):
                after = page[-1][0]
                keys = office.vault.by_id([screening.claim for _, screening in page])
                for _, screening in page:
                    payload = open_payload(screening.payload, key_of(keys, screening.claim), screening.package)
                    found.append(HeldClaim(payload.claim.claim_no, source.id, screening.row, screening.rules))
    return found
