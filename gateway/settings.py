"""The configuration: one commented TOML file that `init` writes.

Rules: an unknown key, or anything that cannot be honoured, stops the start; paths are relative to the file's directory;
nothing is created here. Amounts in cents, times in seconds.
"""

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, JsonValue, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from gateway.errors import UsageError
from gateway.recipients import Recipients, is_classic
from schemas.base import Strict
from schemas.canonical import digest
from schemas.figures import LegalFigures
from schemas.identifiers import PartyId
from schemas.leaf import LogKey
from schemas.mandate import Declarations, Mandate, MandateType
from schemas.package import Creditor
from schemas.privacy import Privacy
from schemas.vetting import LegalRole, Profile
from schemas.words import told
from schemas.worth import Worth

_MAXIMUM_BYTES: Final = 1 << 20  # a configuration is a page; more is a wrong file
MAPPING: Final = "name the file of a mapping that exists"
_HostKey = Annotated[
    str, StringConstraints(pattern=r"^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]{40,800}$")
]
_Signer = Annotated[str, StringConstraints(pattern=r"^ssh-ed25519 [A-Za-z0-9+/=]{60,100}$")]
_Location = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class Stores(Strict):
    """Where things lie."""

    gateway: _Location = "gateway.db"
    vault: _Location = "vault.db"
    keys: _Location = "keys"
    outbox: _Location = "outbox"
    quarantine: _Location = "quarantine"
    journal: _Location = "journal"
    readings: _Location = "readings"


class Escrow(Strict):
    """Where the one escrow copy of the keys lies, and the offline age identities it is sealed to."""

    location: _Location
    recipients: Recipients


class Backup(Strict):
    """The folders for copies of the two databases, apart from each other. A vault's copy lives `vault_days` at most."""

    gateway: _Location
    vault: _Location
    vault_days: Annotated[int, Field(ge=1, le=30)] = 30


class Entity(Strict):
    """A legal entity that is the creditor of claims; `privacy` is needed for records and answers to people."""

    id: PartyId
    creditor: Creditor
    privacy: Privacy | None = None


class Source(Strict):
    """Where claims come from: an inbox, the preset or own mapping that reads it, and what the creditor declares about it.

    `mapping` is a table, or the name of a TOML file. A file in the inbox counts as complete when it has not changed for
    `settle_seconds`; one that has been read goes to the folder `processed`, or stays if there is none. `facts`: the file
    of its facts feed. `care`: the list of customers with special care.
    `hold_days`: after so many days a claim that waits for a person is refused. `complete_exports`: each export holds every
    open claim, so that one at an agency that is missing from it is asked about.
    """

    id: PartyId
    entity: PartyId
    inbox: _Location
    preset: str | None = None
    mapping: dict[str, JsonValue] | None = None
    processed: _Location | None = None
    settle_seconds: Annotated[int, Field(ge=0, le=86400)] = 60
    declarations: Declarations
    facts: _Location | None = None
    care: _Location | None = None
    worth: Worth | None = None
    hold_days: Annotated[int, Field(ge=1, le=1_000)] = 180
    complete_exports: bool = False

    @model_validator(mode="after")
    def _reads_one_way(self) -> Self:
        if (self.preset is None) == (self.mapping is None):
            raise _fault("a source needs either a preset or a mapping")
        return self


class Server(Strict):
    """An agency's SFTP server. `host_key` is pinned; `client_key` is ours, of this agency alone."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    host_key: _HostKey
    client_key: _Location
    remote_dir: str = "."
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    deadline_seconds: Annotated[int, Field(ge=1, le=86400)] = 3600


class Agency(Strict):
    """An agency. `classic_recipients` seals to X25519 alone, and is recorded as a downgrade.

    `signers` are the keys that may sign its answers, two while one replaces the other; without any, no answer is
    believed. `cosigner` is the key of its cosignatures under our audit log. A receipt is overdue `receipt_days` after the
    upload. Without `profile`, or with a check older than `check_days`, it gets nothing.
    """

    id: PartyId
    cases_recipients: Recipients
    identities_recipients: Recipients
    classic_recipients: bool = False
    expires_days: Annotated[int, Field(ge=1, le=90)] = 14
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    remove_after_receipt: bool = True
    receipt_days: Annotated[int, Field(ge=1, le=30)] = 2
    signers: Annotated[tuple[_Signer, ...], Field(max_length=4)] = ()
    cosigner: LogKey | None = None
    check_days: Annotated[int, Field(ge=1, le=730)] = 180
    profile: Profile | None = None
    sftp: Server

    @model_validator(mode="after")
    def _is_downgraded_knowingly(self) -> Self:
        if not self.classic_recipients and any(map(is_classic, (*self.cases_recipients, *self.identities_recipients))):
            raise _fault("classic recipients (age1…) need classic_recipients = true, or take hybrid ones (age1pq1…)")
        return self


class Settings(Strict):
    """Everything the creditor configures; see `init` for the commented file."""

    stores: Stores = Stores()
    escrow: Escrow | None = None
    backup: Backup | None = None
    entities: tuple[Entity, ...] = ()
    sources: tuple[Source, ...] = ()
    agencies: tuple[Agency, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    figures: LegalFigures = LegalFigures()

    @model_validator(mode="after")
    def _names_meet(self) -> Self:
        for kind in ("entities", "sources", "agencies", "mandates"):
            ids = [part.id for part in getattr(self, kind)]
            if len(ids) != len(set(ids)):
                raise _fault(f"an id stands twice in {kind}")
        entities, sources, agencies = (
            {part.id for part in parts} for parts in (self.entities, self.sources, self.agencies)
        )
        for source in self.sources:
            if source.entity not in entities:
                raise _fault(f"source {source.id} names an entity that is not configured: {source.entity}")
        for mandate in self.mandates:
            for kind, name, known in (("a source", mandate.source, sources), ("an agency", mandate.agency, agencies)):
                if name not in known:
                    raise _fault(f"mandate {mandate.id} names {kind} that is not configured: {name}")
        return self

    @model_validator(mode="after")
    def _roles_fit(self) -> Self:
        """Claims are assigned to who owns them (§ 398 BGB), and to nobody else."""
        roles = {part.id: part.profile.role for part in self.agencies if part.profile is not None}
        for mandate in self.mandates:
            assigned = mandate.type is not MandateType.COLLECTION_AUTHORITY
            role = roles.get(mandate.agency)
            if role is not None and assigned != (role is LegalRole.ASSIGNEE):
                raise _fault(
                    f"mandate {mandate.id}: one by assignment or sale needs an agency whose role is assignee, and a "
                    "collection authority one whose role is another"
                )
        return self


class Configuration:
    """Settings, and the directory their paths are relative to."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self.settings = settings
        self.home = home
        self.digest = digest(settings)

    def path(self, location: str) -> Path:
        """A configured location."""
        return self.home / location

    def mandates(self, source: str | None, mandate: str | None) -> tuple[Mandate, ...]:
        """The mandates a run is about. Raises UsageError if none matches."""
        chosen = tuple(
            found for found in self.settings.mandates if source in (None, found.source) and mandate in (None, found.id)
        )
        if not chosen:
            raise UsageError("no mandate matches: see [[mandates]] in the configuration")
        return chosen

    def mandates_of(self, source: str) -> tuple[Mandate, ...]:
        """All mandates of a source, in their order."""
        return tuple(found for found in self.settings.mandates if found.source == source)

    def keeps_exports(self, entity: str) -> tuple[str, ...]:
        """The sources of a legal entity whose files are kept in a folder once they have been read."""
        return tuple(one.id for one in self.settings.sources if one.entity == entity and one.processed is not None)

    def source(self, name: str) -> Source:
        """A configured source; the validator has seen that the name exists."""
        return next(part for part in self.settings.sources if part.id == name)

    def entity(self, name: str) -> Entity:
        """A configured legal entity."""
        return next(part for part in self.settings.entities if part.id == name)

    def agency(self, name: str) -> Agency:
        """A configured agency. Raises UsageError for one that was taken out though there is something to tell it."""
        found = next((part for part in self.settings.agencies if part.id == name), None)
        if found is None:
            raise UsageError(
                f"agency {name} has cases and must be told of them: put its [[agencies]] back, without mandates"
            )
        return found


def load_toml(path: Path, otherwise: str = "name another file with --config, or make one with `init`") -> bytes:
    """A TOML file as JSON bytes, so that strict models can read it. Raises UsageError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAXIMUM_BYTES + 1)
    except OSError:
        raise UsageError(f"{path} cannot be read: {otherwise}") from None
    if len(content) > _MAXIMUM_BYTES:
        raise UsageError(f"{path} is larger than any configuration: name the right file with --config")
    try:
        return json.dumps(tomllib.loads(content.decode()), default=_plain).encode()
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line ([0-9]+), column [0-9]+\)$", str(error))
        told_at = f"line {place[1]}" if place else "its last line"
        raise UsageError(f"{path} is not a TOML file: look at {told_at}") from None
    except (UnicodeDecodeError, TypeError):
        raise UsageError(f"{path} is not a TOML file of texts in UTF-8, whole numbers, dates and true/false") from None


def load(path: Path) -> Configuration:
    """The configuration of a creditor. Raises UsageError that names each wrong key, and no value."""
    text = load_toml(path)
    if json.loads(text).keys() >= {"id", "server"}:
        raise UsageError(f"{path} is an agency's configuration: name the creditor's with --config")
    try:
        settings = Settings.model_validate_json(_with_mappings(text, path.parent))
    except ValidationError as error:
        raise UsageError(f"{path} is not valid: {explain(error)}") from None
    return Configuration(settings, path.absolute().parent)


def _with_mappings(text: bytes, home: Path) -> bytes:
    """The configuration with every mapping that is a file of its own put in its place: one digest covers them all."""
    found = json.loads(text)
    sources = found.get("sources")
    for source in sources if isinstance(sources, list) else ():
        if isinstance(source, dict) and isinstance(source.get("mapping"), str):
            source["mapping"] = json.loads(load_toml(home / source["mapping"], MAPPING))
    return json.dumps(found).encode()


def explain(error: ValidationError) -> str:
    """What a configuration model refused, in words."""
    return told(error)


def quoted(text: str) -> str:
    """A text as a TOML string."""
    return json.dumps(text, ensure_ascii=False)


def _fault(sentence: str) -> PydanticCustomError:
    # The rule's name is all that is ever shown of a validation failure, so it is the sentence.
    return PydanticCustomError(sentence, "{rule}", {"rule": sentence})


def _plain(value: object) -> str:
    if type(value) is date:
        return value.isoformat()
    raise TypeError
