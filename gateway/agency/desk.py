"""What the agency works with: its id, its keys, whose signatures it trusts, its stores, and the creditors it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Connection

from audit.witness import Witness
from gateway.agency.answers import AnswersStore
from gateway.agency.settings import Abilities
from gateway.agency.store import CasesStore, IdentitiesStore
from gateway.reading import Readings
from gateway.steps.seal import SealTo
from gateway.steps.unseal import Opener
from gateway.transport.sftp import ANSWERS_FOLDER
from keys.ring import Keyring


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A creditor: the folder its packages arrive in, and to whom answers are sealed."""

    id: str
    folder: Path
    recipients: tuple[SealTo, ...]

    @property
    def answers(self) -> Path:
        """Where the creditor collects our answers."""
        return self.folder / ANSWERS_FOLDER


@dataclass(frozen=True, slots=True)
class Desk:
    """The agency's side of the gateway, ready to work. Identities commit first, cases last."""

    folders: tuple[Path, ...]
    opener: Opener
    abilities: Abilities
    ring: Keyring
    witness: Witness
    readings: Readings
    creditors: Mapping[str, Correspondent]
    cases_connection: Connection
    identities_connection: Connection
    cases: CasesStore
    persons: IdentitiesStore
    answers: AnswersStore
