"""What erasing costs: many claims in one run, the log verified, and the rotation that makes it final.

    sizes      10,000 erasures over databases of 20,000 and 80,000 claims: memory must not grow with the claims that stay
    numbers    2,500 and 10,000 erasures over 20,000 claims, 10,000 and 40,000 over 80,000: nor with the claims that go,
               beyond the 10,000 that one record of the journal names
    requests   100 and 300 people who ask, from the opening of the request to the executed erasure: identified, previewed,
               approved by two keys, a notice to the agency sealed, the claim marked; each decision is its own run

Each measurement is a process of its own. Trust the ratios, not the figures: machines differ.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text, update
from sqlmodel import col

from gateway.custody.epoch import make_final, standing_of
from gateway.demo.claims import write_csv
from gateway.demo.rights import OFFICER
from gateway.demo.story import DEMO_DAY, Invented, tell
from gateway.demo.template import AGENCY, CREDITOR
from gateway.demo.vetting import ACTOR, make_key
from gateway.log.auditing import verify_office
from gateway.office import Office
from gateway.people.approvals import Given
from gateway.people.roster import enrol, read_actor
from gateway.people.signers import file_key
from gateway.pipeline import Night, hand_over
from gateway.retention.erasing import erase
from gateway.rights.deciding import approve, deciding
from gateway.rights.life import identify, open_request
from gateway.settings import load
from gateway.state import PackageState
from gateway.store.tables import PackageRow
from gateway.wiring import open_office
from schemas.codes import RequestKind
from schemas.entry import ErasureGround
from schemas.request import Channel, ErasureClaim, Identified, Proof, RequestFile, RequestState

SMALL: Final = 20_000
LARGE: Final = 80_000
SEED: Final = 13
CLAIMS: Final = "claims"
REQUESTS: Final = "requests"
RUNS: Final = (
    (SMALL, CLAIMS, (2_500, 10_000)),
    (LARGE, CLAIMS, (10_000, 40_000)),
    (SMALL, REQUESTS, (100, 300)),
)


def peak_mebibytes() -> int:
    """The most memory this process has had (VmHWM, which unlike ru_maxrss begins anew with the program)."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def silent(_what: str, _count: int) -> None:
    """No progress: it would be measured."""


def prepare(home: Path, claims: int) -> None:
    """A creditor with claims held, refused and handed over; the agency's server is down, and for given it has what was
    sealed: an erasure sends it a notice, and withdraws no package.
    """
    tell(home, Invented(1, SEED), DEMO_DAY, lambda: datetime.now(UTC), silent)
    write_csv(home / "creditor" / "inbox" / "bench.csv", claims, SEED)
    creditor = load(home / "creditor" / "inkasso.toml")
    with open_office(creditor) as office:
        hand_over(office, Night(creditor.settings.mandates, DEMO_DAY, datetime.now(UTC), False, silent))
        received = update(PackageRow).where(col(PackageRow.state) == PackageState.SEALED)
        with office.connection.begin():
            office.connection.execute(received.values(state=PackageState.DELIVERED))
        folder = home / "clerk"
        make_key(folder, OFFICER)
        clerk = Given(signers=(file_key(folder / ACTOR),))
        enrol(office, read_actor(OFFICER, folder / f"{OFFICER}.pub"), clerk, datetime.now(UTC))


def some_claims(office: Office, number: int) -> list[str]:
    """Claims by their ids."""
    with office.vault_connection.begin():
        query = text("select id from claim order by id limit :number")
        return list(office.vault_connection.execute(query, {"number": number}).scalars())


def some_people(office: Office, number: int) -> list[str]:
    """Subjects who have one claim, and that with the agency."""
    with office.connection.begin(), office.vault_connection.begin():
        keys = office.vault.by_id([one.claim for one in office.cases.at(AGENCY)])
        subjects = dict.fromkeys(one.subject_id for one in keys.values())
        return list(islice((one for one in subjects if len(office.vault.of_subjects([one])) == 1), number))


def erase_claims(office: Office, _home: Path, claims: list[str]) -> None:
    """One erasure for each 10,000."""
    erase(office, claims, ErasureGround.REQUEST, None, datetime.now(UTC))


def erase_on_request(office: Office, home: Path, people: list[str]) -> None:
    """Each asks, and what is decided is carried out at once."""
    both = Given(signers=tuple(file_key(home / "clerk" / name) for name in (ACTOR, OFFICER)))
    for subject in people:
        now = datetime.now(UTC)
        file = RequestFile(kind=RequestKind.ERASURE, channel=Channel.LETTER, received=DEMO_DAY, text="(invented)")
        with office.connection.begin(), office.vault_connection.begin():
            opened = open_request(office, CREDITOR, file, (subject,), today=DEMO_DAY, now=now)
            proven = Identified(proof=Proof.REFERENCE, on=DEMO_DAY)
            opened = identify(office, opened, (subject,), proven, now)
        approve(office, deciding(office, opened, None, ErasureClaim.UNLAWFUL, DEMO_DAY), both, DEMO_DAY, now)
    with office.connection.begin():
        executed = len(office.requests.in_states((RequestState.EXECUTED,)))
        notices, marked = len(office.requests.notices()), office.requests.has_markers()
    if not (executed == notices == len(people) and marked):
        raise AssertionError("each request is executed, and each agency told")


def measure(home: Path, how: str, number: int) -> dict[str, Any]:
    """Erasing, verifying and rotating, in this process."""
    with open_office(load(home / "creditor" / "inkasso.toml")) as office:
        choose, act = (some_claims, erase_claims) if how == CLAIMS else (some_people, erase_on_request)
        chosen = choose(office, number)
        times = [time.perf_counter()]
        act(office, home, chosen)
        times.append(time.perf_counter())
        verdict = verify_office(office, (), with_keys=False)
        times.append(time.perf_counter())
        rotated = make_final(office, datetime.now(UTC), silent)
        times.append(time.perf_counter())
        standing = standing_of(office)
    erasing, verifying, rotating = (later - earlier for earlier, later in pairwise(times))
    survivors = 0 if rotated is None else rotated.survivors
    return {
        "erased": len(chosen),
        "erasing_us": round(erasing / len(chosen) * 1e6),
        "verified": verdict.fault is None,
        "verifying_us": round(verifying / verdict.items.total * 1e6, 1),
        "rotating_us": round(rotating / max(survivors, 1) * 1e6, 1),
        "final": not standing.pending,
        "peak_mib": peak_mebibytes(),
    }


def main() -> None:
    """Prints one line a measurement."""
    if len(sys.argv) > 1:
        home, how, number = sys.argv[1:]
        print(json.dumps(measure(Path(home), how, int(number))))
        return
    print(
        f"{'claims':>8} {'by':>8} {'erased':>7} {'µs each':>8} {'verified':>8} {'µs/item':>8} {'final':>6} {'µs/key':>7} "
        f"{'MiB':>5}"
    )
    for claims, how, numbers in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder) / "prepared", claims)
            for number in numbers:
                home = Path(folder) / str(number)
                shutil.copytree(Path(folder) / "prepared", home)
                asked = [sys.executable, "-I", __file__, str(home), how, str(number)]
                found = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
                print(
                    f"{claims:>8,} {how:>8} {found['erased']:>7,} {found['erasing_us']:>8,} {found['verified']!s:>8} "
                    f"{found['verifying_us']:>8} {found['final']!s:>6} {found['rotating_us']:>7} {found['peak_mib']:>5}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
