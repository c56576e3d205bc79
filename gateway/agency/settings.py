"""The agency's configuration: who it is, where packages arrive, where its stores and keys lie.

The same rules as the creditor's: one commented TOML file, unknown keys stop the start, paths relative to the file.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from gateway.errors import UsageError
from gateway.recipients import Recipients
from gateway.settings import explain, load_toml
from schemas.base import Strict
from schemas.identifiers import PartyId
from schemas.mandate import Channel, Instruction, Language, Tone

_Location = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class CreditorProfile(Strict):
    """A creditor we answer: to whom answers are sealed, and its own folder on our server if it has one."""

    id: PartyId
    answers_recipients: Recipients
    server: _Location | None = None


class Abilities(Strict):
    """What we can do for one case alone, if its creditor asks for it; a case that asks for more is refused at once.

    `ask_first`: take no step without asking the creditor.
    """

    tones: Annotated[tuple[Tone, ...], Field(max_length=3)] = tuple(Tone)
    languages: Annotated[tuple[Language, ...], Field(max_length=2)] = tuple(Language)
    channels: Annotated[tuple[Channel, ...], Field(max_length=5)] = tuple(Channel)
    ask_first: bool = True

    def can_follow(self, instruction: Instruction | None) -> bool:
        """Whether we can work a case as its instruction asks; a stage only sets a limit, which everybody can keep."""
        return instruction is None or (
            (instruction.tone is None or instruction.tone in self.tones)
            and (instruction.language is None or instruction.language in self.languages)
            and (instruction.channels is None or not set(instruction.channels).isdisjoint(self.channels))
            and (self.ask_first or not instruction.ask_first)
        )


class AgencySettings(Strict):
    """`server` is the folder in which the SFTP server puts what creditors send."""

    id: PartyId
    server: _Location
    keys: _Location = "keys"
    cases_store: _Location = "cases.db"
    identities_store: _Location = "identities.db"
    witness: _Location = "witness"
    readings: _Location = "readings"
    supports: Abilities = Abilities()
    creditors: tuple[CreditorProfile, ...] = ()


class AgencyConfiguration:
    """Settings, and the directory their paths are relative to."""

    def __init__(self, settings: AgencySettings, home: Path) -> None:
        self.settings = settings
        self.home = home

    def path(self, location: str) -> Path:
        """A configured location."""
        return self.home / location


def load_agency(path: Path) -> AgencyConfiguration:
    """The configuration of an agency. Raises UsageError that names each wrong key, and no value."""
    text = load_toml(path)
    if json.loads(text).keys() & {"entities", "sources", "agencies", "mandates"}:
        raise UsageError(f"{path} is a creditor's configuration: name the agency's with --config")
    try:
        settings = AgencySettings.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(f"{path} is not valid: {explain(error)}") from None
    return AgencyConfiguration(settings, path.absolute().parent)
