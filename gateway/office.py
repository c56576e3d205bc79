"""What one run works with: configuration, keys and open stores of one creditor, as plain attributes.

Put together by `gateway.wiring`; nothing here opens, creates or decides anything.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.engine import Connection

from audit.log import Log
from gateway.outside import Outside, log_signers
from gateway.reading import Readings
from gateway.settings import Agency, Configuration
from gateway.store.cases import Cases
from gateway.store.claims import Claims
from gateway.store.documents import Documents
from gateway.store.erasures import Erasures
from gateway.store.inbound import Inbound
from gateway.store.items import KeptItems
from gateway.store.mandates import MandateVersions
from gateway.store.outcomes import Outcomes
from gateway.store.packages import Packages
from gateway.store.partner_keys import PartnerKeys
from gateway.store.releases import Releases
from gateway.store.requests import Requests
from gateway.store.roster import Roster
from gateway.store.unmatched import Unmatched
from gateway.store.vettings import Vettings
from gateway.store.voids import Voids
from gateway.store.witnesses import Witnesses
from gateway.transport.sftp import SftpTransport
from keys.labels import Label, stacked_digest
from keys.material import Secret
from keys.recipients import AgeIdentity
from keys.ring import Keyring
from keys.vault import Vault


@dataclass(frozen=True, slots=True)
class Office:
    """The creditor's side of the gateway, ready to work. `connection` is `gateway.db`, `vault_connection` `vault.db`.

    `credentials`: where a service manager keeps the root key, if one does.
    """

    configuration: Configuration
    root: Secret
    credentials: Path | None
    ring: Keyring
    index: tuple[Secret, ...]
    marker: tuple[Secret, ...]
    connection: Connection
    vault_connection: Connection
    vault: Vault
    packages: Packages
    claims: Claims
    cases: Cases
    witnesses: Witnesses
    items: KeptItems
    erasures: Erasures
    log: Log
    outside: Outside
    answers_key: Sequence[AgeIdentity]
    connect: Callable[[Agency], AbstractContextManager[SftpTransport]]

    @property
    def readings(self) -> Readings:
        """The log of who saw personal data."""
        folder = self.configuration.path(self.configuration.settings.stores.readings)
        return Readings(folder, self.outside.folder, partial(log_signers, self.ring))

    @property
    def unmatched(self) -> Unmatched:
        """Claims that may be with an agency, since a restore."""
        return Unmatched(self.connection)

    @property
    def keys(self) -> Path:
        """The key directory."""
        return self.configuration.path(self.configuration.settings.stores.keys)

    @property
    def roster(self) -> Roster:
        """Who may approve."""
        return Roster(self.connection)

    @property
    def vettings(self) -> Vettings:
        """What is on record of each agency."""
        return Vettings(self.connection)

    @property
    def voids(self) -> Voids:
        """Packages whose number is to be closed."""
        return Voids(self.connection)

    @property
    def mandates(self) -> MandateVersions:
        """The versions of mandates that have been used or signed."""
        return MandateVersions(self.connection)

    @property
    def documents(self) -> Documents:
        """Documents that were released for agencies."""
        return Documents(self.connection)

    @property
    def partner_keys(self) -> PartnerKeys:
        """Keys of agencies that were confirmed since the configuration was written."""
        return PartnerKeys(self.connection)

    @property
    def releases(self) -> Releases:
        """Which rules people have lifted for which claim."""
        return Releases(self.connection)

    @property
    def outcomes(self) -> Outcomes:
        """How closed cases ended."""
        return Outcomes(self.connection)

    @property
    def inbound(self) -> Inbound:
        """Packages of answers that were applied."""
        return Inbound(self.connection)

    @property
    def requests(self) -> Requests:
        """What people asked for."""
        return Requests(self.connection)

    @property
    def outbox(self) -> Path:
        """Where sealed packages wait to be sent."""
        return self.configuration.path(self.configuration.settings.stores.outbox)

    @property
    def quarantine(self) -> Path:
        """Where collected answers lie until they are believed."""
        return self.configuration.path(self.configuration.settings.stores.quarantine)

    def digest(self, label: Label, *parts: str) -> bytes:
        """A keyed digest under the index keys of `gateway.db`."""
        return stacked_digest(self.index, label, *parts)
