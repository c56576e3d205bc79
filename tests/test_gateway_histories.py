"""People's rights over random histories: what is told, stopped and erased stays true whatever else happens."""

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from histories import Histories

FEW = settings(
    max_examples=3,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_rights_hold_over_random_histories(tmp_path: Path) -> None:
    """Art. 15 to 19: disclosures are told, restrictions stop, notices are followed, and erased people do not come back."""
    Histories.prepare(tmp_path)
    run_state_machine_as_test(Histories, settings=FEW)
