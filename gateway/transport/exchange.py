"""Which key exchange was negotiated: recorded with every upload, and reported if it is a classical one."""

from typing import Final

import paramiko
from paramiko.kex_mlkem import KexMLKEM768X25519

HYBRID_EXCHANGE: Final = "mlkem768x25519-sha256"
CLASSICAL_EXCHANGE: Final = "curve25519-sha256@libssh.org"


class RecordingTransport(paramiko.Transport):
    """paramiko forgets which key exchange was negotiated as soon as it is done; this remembers it."""

    negotiated = ""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "kex_engine" and value is not None:
            self.negotiated = HYBRID_EXCHANGE if isinstance(value, KexMLKEM768X25519) else CLASSICAL_EXCHANGE
        super().__setattr__(name, value)
