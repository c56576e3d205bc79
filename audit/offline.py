"""`inkasso-verify`: an export, or the evidence for one item, checked on another machine with a public key alone.

Needs no configuration, store or key, and imports only `audit` and `schemas`. Exit codes: 0 everything holds, 2 usage,
5 a fault, 141 nobody reads the verdict.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audit.checkpoint import CheckpointError
from audit.entry import EntryError
from audit.evidence import check_evidence
from audit.exported import ExportedLog
from audit.note import NoteError, VerifierKey, parse_key
from audit.proofs import ProofError
from audit.shown import Held
from audit.verify import verify
from audit.workers import Workers, WorkersError

DONE: Final = 0
USAGE: Final = 2
FAULT: Final = 5
BROKEN_PIPE: Final = 141
_OWN_KEY: Final = "the key was taken from the export itself: compare vkey with the one its owner told you"


def main() -> None:
    """The console script."""
    parser = argparse.ArgumentParser(prog="inkasso-verify", description="Verifies an export of an audit log.")
    parser.add_argument("path", type=Path, help="the folder of an export, or the file of an item's evidence")
    parser.add_argument("--key", help="the log's public key: `name+id+key`, or a file that holds it")
    parser.add_argument("--held", type=Path, action="append", default=[], help="a checkpoint that was kept outside")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    code, lines, value = check(given.path, given.key, given.held)
    try:
        sys.stdout.write(json.dumps(value) + "\n" if given.json else "".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
    except OSError as error:
        # Python would complain once more at its end, about what cannot be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE if isinstance(error, BrokenPipeError) else USAGE
        if code == USAGE:
            sys.stderr.write("FAULT: the verdict cannot be written: make room where it goes\n")
    sys.exit(code)


def check(path: Path, key: str | None, held: Sequence[Path]) -> tuple[int, list[str], dict[str, object]]:
    """Exit code, sentences, and the same as plain data."""
    if not path.exists():
        return _refused(
            USAGE, "no such folder or file: name the folder of an export, or the file of an item's evidence"
        )
    if key is not None and "+" not in key and not Path(key).is_file():
        return _refused(USAGE, "--key: not a key line, and no such file")
    try:
        chosen = None if key is None else _key(key)
        return _evidence(path, chosen) if path.is_file() else _export(path, chosen, held)
    except WorkersError as error:
        return _refused(USAGE, str(error))
    except OSError:
        return _refused(USAGE, "a file that was named cannot be read")
    except (NoteError, CheckpointError, EntryError, ProofError) as error:
        return _refused(FAULT, str(error))


def _export(path: Path, key: VerifierKey | None, held: Sequence[Path]) -> tuple[int, list[str], dict[str, object]]:
    log = ExportedLog(path)
    notes = [Held(one.read_bytes(), one.name) for one in held]
    with Workers() as workers:
        verdict = verify(log, key or log.key(), notes, look=workers.over(ExportedLog, path))
    lines = verdict.sentences() + ([_OWN_KEY] if key is None else [])
    return (DONE if verdict.fault is None else FAULT), lines, verdict.as_json() | {"key_given": key is not None}


def _evidence(path: Path, key: VerifierKey | None) -> tuple[int, list[str], dict[str, object]]:
    if key is None:
        return _refused(USAGE, "evidence is checked with the log's public key: give it with --key")
    proven = check_evidence(path.read_bytes(), key)
    lines = [
        f"item {proven.place} of entry {proven.position} ({proven.entry.event}, {proven.entry.time.isoformat()}) is proven",
        f"under checkpoint {proven.checkpoint.size} of log {proven.checkpoint.origin}",
    ]
    value: dict[str, object] = {
        "established": lines[0],
        "entry": proven.position,
        "item": proven.place,
        "event": proven.entry.event,
        "checkpoint": proven.checkpoint.size,
        "origin": proven.checkpoint.origin,
    }
    return DONE, lines, value


def _refused(code: int, reason: str) -> tuple[int, list[str], dict[str, object]]:
    return code, [f"FAULT: {reason}"], {"established": f"FAULT: {reason}", "fault": {"rule": reason, "entry": None}}


def _key(given: str) -> VerifierKey:
    text = given if "+" in given and not Path(given).is_file() else Path(given).read_text("utf-8")
    return parse_key(text.strip())


if __name__ == "__main__":
    main()
