"""Signing again what has no receipt yet, once another key signs: the old one's day may pass before it is received.

The manifest stays as it is, and so does its digest; only its signature is another. A signature of Ed25519 is the same each
time, so whatever a killed run has done is done again without a trace.
"""

import hashlib

from gateway.office import Office
from gateway.settings import Agency
from gateway.state import PackageState
from gateway.steps.plain import open_plain
from gateway.steps.unseal import MAXIMUM_SIGNATURE_BYTES, VOID_SUFFIX
from gateway.store.packages import FileOfPackage
from keys.root import replace_private
from keys.sshsig import SignatureError, sign, verify
from schemas.package import VOID_NAMESPACE, PackageType


def renew_signatures(office: Office, agency: Agency) -> int:
    """How many packages were signed again. Raises TransportErrors; call it in no transaction."""
    count = 0
    for package_id, kind, state in _unanswered(office, agency):
        with office.connection.begin():
            *_, manifest, signature = office.packages.files(package_id)
        namespace = VOID_NAMESPACE if manifest.name.endswith(VOID_SUFFIX) else kind.namespace
        if _is_current(office, manifest, signature, namespace):
            continue
        _renew(office, agency, (manifest, signature), namespace, uploaded=state is PackageState.UPLOADED)
        count += 1
    return count


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


def _renew(
    office: Office, agency: Agency, files: tuple[FileOfPackage, FileOfPackage], namespace: str, *, uploaded: bool
) -> None:
    manifest, signature = files
    path = office.outbox / signature.name
    part = path.with_name(f"{path.name}.renewed")
    content = sign((office.outbox / manifest.name).read_bytes(), office.ring.signing_key(), namespace)
    digest = hashlib.sha256(content).hexdigest()
    replace_private(part, content)
    with office.connect(agency) as transport:
        # What is sealed may have arrived in a run that was killed before it was booked.
        if uploaded or transport.digest(signature.name, MAXIMUM_SIGNATURE_BYTES) is not None:
            transport.upload(part, signature.name, digest)
    with office.connection.begin():
        office.packages.sign_again(signature.name, len(content), digest)
    replace_private(path, content)
    part.unlink()
