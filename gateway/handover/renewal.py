"""Signing again what has no receipt yet, once another key signs: the old one's day may pass before it is received.

The manifest stays as it is, and so does its digest; only its signature is another. A signature of Ed25519 is the same each
time, so whatever a killed run has done is done again without a trace.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final

from audit.store import append
from gateway.office import Office
from gateway.settings import Agency
from gateway.state import PackageState
from gateway.steps.names import VOID_SUFFIX
from gateway.steps.plain import open_plain
from gateway.steps.unseal import MAXIMUM_SIGNATURE_BYTES
from gateway.store.packages import FileOfPackage
from keys.references import new_id
from keys.root import replace_private
from keys.sshsig import SignatureError, fingerprint, sign, verify
from schemas.custody import PackageSignedAgain
from schemas.package import VOID_NAMESPACE, PackageType

_ACTOR: Final = "system:handover"
_UPLOADED: Final = {PackageState.UPLOADED, PackageState.CLOSING}


def renew_signatures(office: Office, agency: Agency, now: datetime) -> None:
    """Signs again what another key has signed, with its entry. Raises TransportErrors; call it in no transaction."""
    for package_id, kind, state in _unanswered(office, agency):
        with office.connection.begin():
            *_, manifest, signature = office.packages.files(package_id)
        namespace = VOID_NAMESPACE if manifest.name.endswith(VOID_SUFFIX) else kind.namespace
        if _is_current(office, manifest, signature, namespace):
            continue
        content = _renewed(office, agency, (manifest, signature), namespace, uploaded=state in _UPLOADED)
        _book(office, package_id, signature, content, now)


def _unanswered(office: Office, agency: Agency) -> list[tuple[str, PackageType, PackageState]]:
    with office.connection.begin():
        waiting = [(one.package_id, one.type, one.state) for one in office.packages.outgoing(agency.id)]
        return waiting + [(one.package_id, one.type, one.state) for one in office.packages.unanswered(agency.id)]


def _is_current(office: Office, manifest: FileOfPackage, signature: FileOfPackage, namespace: str) -> bool:
    """Also of files that are gone: there is nothing to sign then."""
    try:
        with open_plain(office.outbox / manifest.name) as raw, open_plain(office.outbox / signature.name) as signed:
            verify(raw.read(), signed.read(), office.ring.signing_key().public_key(), namespace)
    except SignatureError:
        return False
    except OSError:
        pass
    return True


def _renewed(
    office: Office, agency: Agency, files: tuple[FileOfPackage, FileOfPackage], namespace: str, *, uploaded: bool
) -> bytes:
    """The new signature, which lies at the server if the old one may."""
    manifest, signature = files
    part = _part(office, signature)
    content = sign((office.outbox / manifest.name).read_bytes(), office.ring.signing_key(), namespace)
    replace_private(part, content)
    with office.connect(agency) as transport:
        # What is sealed may have arrived in a run that was killed before it was booked.
        if uploaded or transport.digest(signature.name, MAXIMUM_SIGNATURE_BYTES) is not None:
            transport.upload(part, signature.name, hashlib.sha256(content).hexdigest())
    return content


def _book(office: Office, package_id: str, signature: FileOfPackage, content: bytes, now: datetime) -> None:
    key = fingerprint(office.ring.signing_key().public_key())
    entry = PackageSignedAgain(id=new_id(), time=now, actor=_ACTOR, package=package_id, fingerprint=key)
    with office.connection.begin():
        append(office.connection, entry)
        office.packages.sign_again(signature.name, len(content), hashlib.sha256(content).hexdigest())
    replace_private(office.outbox / signature.name, content)
    _part(office, signature).unlink()


def _part(office: Office, signature: FileOfPackage) -> Path:
    return office.outbox / f"{signature.name}.renewed"
