"""Many random histories of a state machine, each from another seed, with progress on standard error: for `make torture`."""

import sys

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

_EVERY = 50


def run_many(machine: type[RuleBasedStateMachine], many: int, steps: int) -> int:
    """How many histories were asked for: `many`, unless the command line gives another number. Each has to hold."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else many
    done = 0

    def teardown(self: RuleBasedStateMachine) -> None:
        nonlocal done
        machine.teardown(self)
        done += 1
        if done % _EVERY == 0:
            sys.stderr.write(f"{done:,} histories\n")

    run_state_machine_as_test(
        type("Counted", (machine,), {"teardown": teardown}),
        settings=settings(
            max_examples=count,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return count
