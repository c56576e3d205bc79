"""People who ask: a world in which claims have been handed over, and the commands a clerk gives for a request."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from gateway.demo.vetting import make_key
from gateway.people.signers import file_key
from keys.approval import approve
from world import TODAY, Result, World, cli, jsonl, row, running_world


@contextmanager
def asking_world(tmp_path: Path) -> Iterator[World]:
    """A world in which three claims have been handed over, and two people may approve."""
    with running_world(tmp_path) as made:
        enrol_officer(made)
        made.drop("first.jsonl", jsonl([row(1), row(2), row(3, customer_no="K-000002")]))
        assert made.handover().json["claims"]["handed_over"] == 3
        assert made.receive().code == 0
        yield made


def enrol_officer(world: World) -> None:
    """A second person who may approve."""
    make_key(world.home / "clerk", "officer")
    public = world.home / "clerk" / "officer.pub"
    assert approved(world, "actor", "add", "officer", public, keys=("demo-clerk",)).code == 0


def command(world: World, *arguments: str | Path, now: datetime = TODAY) -> Result:
    return cli(*arguments, "--config", world.creditor, now=now)


def approving(
    world: World, *arguments: str | Path, keys: tuple[str, ...], now: datetime = TODAY
) -> tuple[str | Path, ...] | Result:
    """A command with its preview and these keys' approvals, as `ssh-keygen` would sign them; or why there is no preview."""
    stem = f"approval-{len(list(world.home.iterdir()))}"
    preview = world.home / f"{stem}.preview"
    shown = command(world, *arguments, "--preview-to", preview, now=now)
    if shown.code:
        return shown
    files: list[str | Path] = []
    for key in keys:
        signer = file_key(world.home / "clerk" / key)
        path = world.home / f"{stem}.{key}.sig"
        path.write_bytes(approve(preview.read_bytes(), signer.key, signer.sign_blob))
        files += ["--approval", path]
    return (*arguments, "--preview", preview, *files)


def approved(world: World, *arguments: str | Path, keys: tuple[str, ...], now: datetime = TODAY) -> Result:
    """A command, approved by these keys."""
    ready = approving(world, *arguments, keys=keys, now=now)
    return ready if isinstance(ready, Result) else command(world, *ready, now=now)


def found(world: World, **clues: str) -> list[dict[str, Any]]:
    path = world.home / "clues.json"
    path.write_text(json.dumps(clues))
    return command(world, "subject", "find", "--clues", path, "--json").json["candidates"]


def asked(world: World, kind: str, *arguments: str | Path, invoice: str = "RE-000001", now: datetime = TODAY) -> str:
    """A request that was opened for and identified as the person of an invoice; its id."""
    subject = found(world, invoice_no=invoice)[0]["subject"]
    day = now.date().isoformat()
    opened = command(
        world,
        "request",
        "open",
        kind,
        "--channel",
        "letter",
        "--received",
        day,
        "--subject",
        subject,
        *arguments,
        now=now,
    )
    request = opened.out.split()[0]
    assert (
        command(world, "request", "identify", request, "--proof", "reference", "--subject", subject, now=now).code == 0
    )
    return request


def address(world: World, request: str, now: datetime = TODAY) -> None:
    """Where the answer to a request goes."""
    path = world.home / "address.json"
    path.write_text(json.dumps({"name": "Ida Beispiel", "lines": ["Musterweg 1", "96047 Bamberg"]}))
    assert command(world, "request", "address", request, "--recipient", path, now=now).code == 0


def answered(world: World, request: str, now: datetime = TODAY) -> Path:
    out = world.home / f"answer-{request}-{now:%H%M%d}"
    told = command(world, "request", "answer", request, "--out", out, now=now)
    assert told.code == 0, told.err
    return out


def text_of(pdf: Path) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.read_bytes())).pages)
