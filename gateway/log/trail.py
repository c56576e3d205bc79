"""What a manifest shows an agency of the audit log, and the cosignature that comes back.

Rules: a manifest shows the newest committed checkpoint, with a consistency proof from each checkpoint the agency may have
kept, so that it can always check that the log only grew; a cosignature is kept once it is known to be the agency's, on a
checkpoint that our log had.
"""

import base64
import hmac

from audit.checkpoint import EntryProof, format_proof, open_checkpoint, parse_checkpoint
from audit.note import NoteError, VerifierKey, open_cosigned, signed_by
from audit.store import checkpoint_over, rotations
from gateway.errors import PartnerError
from gateway.office import Office
from gateway.outside import log_keys
from gateway.store.packages import Addressee
from schemas.package import Consistency, Trail


def trail_for(office: Office, addressee: Addressee) -> Trail:
    """What the next manifest of an entity to an agency shows."""
    with office.connection.begin():
        note = office.log.checkpoint()
        # Between a change of the key and the next entry, the newest checkpoint is still the one the old key signed.
        keys = [office.log.key, *log_keys(office.connection)]
        key = next((one for one in keys if signed_by(note, one)), office.log.key)
        size = open_checkpoint(note, key).size
        proofs = tuple(
            Consistency(size=old, proof=tuple(map(_base64, office.log.consistency(old, size))))
            for old in office.witnesses.sizes(addressee.agency, addressee.entity)
            if old < size
        )
        return Trail(
            log_key=str(key),
            log_key_proofs=rotation_proofs(office),
            checkpoint=note.decode(),
            consistency_proof=proofs,
            journal_head=office.outside.journal.head().sha256,
        )


def show(office: Office, addressee: Addressee, trail: Trail) -> None:
    """Remembers in the sealing transaction what its manifest shows."""
    if trail.checkpoint is not None:
        text = trail.checkpoint.encode().rpartition(b"\n\n")[0] + b"\n"
        office.witnesses.show(addressee.agency, addressee.entity, parse_checkpoint(text).size)


def accept_cosignature(office: Office, agency: str, entity: str, note: bytes, cosigner: VerifierKey) -> None:
    """Keeps an agency's cosigned checkpoint if it is newer, inside the caller's transaction. Raises PartnerError."""
    try:
        checkpoint = parse_checkpoint(open_cosigned(note, cosigner).text)
    except ValueError:
        raise PartnerError(f"agency {agency} sent a cosignature that is not its own, or on no checkpoint") from None
    if checkpoint.origin != office.log.origin or checkpoint.size > office.log.head().size:
        raise PartnerError(f"agency {agency} cosigned a checkpoint that is not of our log")
    if not hmac.compare_digest(office.log.root_at(checkpoint.size), checkpoint.root):
        raise PartnerError(f"agency {agency} cosigned a checkpoint that our log never had: compare it with ours")
    if cosigned_size(office, agency, entity) < checkpoint.size:
        office.witnesses.record(agency, entity, checkpoint.size, note)


def cosigned_size(office: Office, agency: str, entity: str) -> int:
    """How many entries an agency's newest cosignature is over, inside the caller's transaction; 0 for none."""
    kept = office.witnesses.cosigned(agency, entity)
    return 0 if kept is None else parse_checkpoint(kept.rpartition(b"\n\n")[0] + b"\n").size


def rotation_proofs(office: Office) -> tuple[str, ...]:
    """For each change of the log's key, the proof that the key before it signed for it."""
    proofs = []
    for index, leaf in rotations(office.connection):
        note = checkpoint_over(office.connection, index + 1)
        if note is None:
            raise NoteError("a change of the log's key has no checkpoint")
        size = parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n").size
        path = tuple(office.log.inclusion(index, size))
        proofs.append(format_proof(EntryProof(index, path, note, leaf)).decode())
    return tuple(proofs)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
