"""What `age` and `age-keygen` 1.3 do with hybrid keys, where an older one is installed: `-pq -o FILE`, `-y FILE`, and
`--decrypt --identity FILE FILE`. Nothing else.
"""

import sys
from pathlib import Path

from keys.age import unseal
from keys.recipients import HybridIdentity, read_identities
from keys.root import write_private


def main(arguments: list[str]) -> None:
    match arguments:
        case ["-pq", "-o", made]:
            write_private(Path(made), f"{HybridIdentity.generate().text()}\n".encode())
        case ["-y", kept]:
            (identity,) = read_identities(Path(kept).read_text())
            sys.stdout.write(f"{identity.recipient}\n")
        case ["--decrypt", "--identity", kept, sealed]:
            with Path(sealed).open("rb") as file:
                sys.stdout.buffer.writelines(unseal(file, read_identities(Path(kept).read_text())))
        case _:
            sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
