"""The agency as a witness of its creditors' audit logs: each manifest's checkpoint is checked against the last one kept.

An alarm is loud and lasting, and does not stop a package: what a debtor is owed does not wait for a quarrel about logs.
"""

import base64

from audit.note import NoteError, parse_key
from audit.witness import AlarmError, Shown, Witness, WitnessError
from gateway.errors import IntegrityError, PartnerError
from schemas.package import Manifest


def standing_alarms(witness: Witness) -> list[IntegrityError]:
    """The alarms of earlier runs: said again in every run, until a person has taken their files away."""
    return [IntegrityError(f"ALARM, an audit log cannot be trusted: see {path}") for path in witness.alarms()]


def watch(witness: Witness, manifest: Manifest) -> bytes | None:
    """The creditor's checkpoint with our cosignature; None if the manifest shows none.

    Raises IntegrityError for an alarm, PartnerError for a checkpoint that cannot be judged.
    """
    if manifest.checkpoint is None or manifest.log_key is None:
        return None
    try:
        shown = Shown(
            note=manifest.checkpoint.encode(),
            key=parse_key(manifest.log_key),
            time=manifest.created,
            consistency={
                one.size: [base64.b64decode(node) for node in one.proof] for one in manifest.consistency_proof or ()
            },
            rotations=tuple(proof.encode() for proof in manifest.log_key_proofs),
        )
        return witness.see(manifest.sender, shown)
    except AlarmError as error:
        raise IntegrityError(f"ALARM, the audit log of {manifest.sender} cannot be trusted: {error}") from None
    except (WitnessError, NoteError) as error:
        raise PartnerError(f"the checkpoint of {manifest.sender} was not cosigned: {error}") from None
