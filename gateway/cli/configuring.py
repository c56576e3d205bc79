"""The commands about the configuration: check it, try a mapping on a real file, propose one."""

import json as json_text
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.errors import UsageError
from gateway.readers.presets import Preset, load_preset, own_mapping, preset_of
from gateway.settings import MAPPING, load, load_toml
from gateway.trial.sampling import Sampled
from gateway.trial.sampling import sample as read_sample
from gateway.trial.suggestion import suggest as propose
from schemas.words import counted


def register(app: App) -> None:
    """Adds the commands."""
    config = App(name="config", help="The configuration.")
    config.command(check, name="check")
    config.command(suggest, name="suggest")
    app.command(config)


def check(
    *,
    sample: Annotated[Path | None, Parameter(help="A real file to try the reading on; nothing is stored.")] = None,
    source: Annotated[str | None, Parameter(help="Read the sample as this source does.")] = None,
    mapping: Annotated[Path | None, Parameter(help="Read the sample with this mapping file.")] = None,
    preset: Annotated[str | None, Parameter(help="Read the sample with this preset.")] = None,
    json: Json = False,
    config: Config,
) -> int:
    """Check the configuration without opening a store; with --sample, try how a file is read."""
    if sample is None:
        return _check_configuration(config, json=json)
    if sum(given is not None for given in (source, mapping, preset)) != 1:
        raise UsageError("--sample goes with one of --source, --mapping and --preset")
    found = read_sample(sample, _preset(config, source, mapping, preset))
    if json:
        output.as_json(found.as_json())
    else:
        _print(found)
    return 0 if not found.rejected else 3


def suggest(file: Path, *, json: Json = False) -> int:
    """Look at a file and propose how to read it, with questions. Print a mapping to keep beside the configuration.

    Parameters
    ----------
    file
        A .csv, .txt, .xlsx, .ods, .json, .jsonl, .xml or .pdf file, or a DATEV export.
    """
    found = propose(file)
    if json:
        output.as_json({"mapping": found.text, "questions": list(found.questions)})
    else:
        output.line(found.text)
    return 0


def _check_configuration(config: Path, *, json: bool) -> int:
    configuration = load(config)
    parts = configuration.settings
    for source in parts.sources:
        preset_of(source)
    counts = {name: len(getattr(parts, name)) for name in ("entities", "sources", "agencies", "mandates")}
    if json:
        output.as_json(counts)
        return 0
    output.line(
        f"{config} is valid: {counted(counts['entities'], 'entity', 'entities')}, {counted(counts['sources'], 'source')}, "
        f"{counted(counts['agencies'], 'agency', 'agencies')}, {counted(counts['mandates'], 'mandate')}"
    )
    return 0


def _preset(config: Path, source: str | None, mapping: Path | None, preset: str | None) -> Preset:
    if mapping is not None:
        return own_mapping(json_text.loads(load_toml(mapping, MAPPING)), str(mapping))
    if preset is not None:
        return load_preset(preset)
    configuration = load(config)
    if source not in {one.id for one in configuration.settings.sources}:
        raise UsageError("no source has this id: see [[sources]] in the configuration")
    return preset_of(configuration.source(source or ""))


def _print(found: Sampled) -> None:
    output.table([("read", f"{found.read:,}"), ("rejected", f"{found.rejected.total():,}")], indent=0)
    for heading, counts in (
        ("Rejected rows, by field and rule", found.rejected),
        ("Malformed optional fields that were dropped", found.dropped),
    ):
        if counts:
            output.heading(heading)
            output.table([(f"{count:,}", name) for name, count in counts.most_common()])
    if found.left_behind:
        output.heading("Columns left behind")
        output.table([(name,) for name in found.left_behind])
