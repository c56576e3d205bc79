"""A whole night: answers, what people asked for, the hand-over, what retention ends.

Last comes what makes the erasures of this night final.
What cannot be made final stays pending; that is a failure of the run, and stops nothing else.
"""

from typing import NamedTuple

from gateway.custody.epoch import make_final
from gateway.errors import UsageError
from gateway.feedback.run import Feedback, collect_all
from gateway.handover.figures import Figures
from gateway.office import Office
from gateway.pipeline import Night, hand_over
from gateway.retention.calendar import end_readings, end_requests, retain
from gateway.rights.nightly import due_requests


class Worked(NamedTuple):
    """What a night collected, and what it did; the failures of both are in the figures."""

    answers: Feedback
    figures: Figures


def whole_night(office: Office, night: Night) -> Worked:
    """Everything a night has to do. Raises IntegrityError; other faults are in the figures."""
    answered = collect_all(office, night.now)
    late = due_requests(office, night.today, night.now)
    figures = hand_over(office, night)
    figures.failures.extend([*answered.failures, *answered.refused, *late])
    end_readings(office, night.now, night.today)
    end_requests(office, night.now, night.today)
    figures.retention_ended = retain(office, night.now, night.today, night.progress)
    try:
        rotated = make_final(office, night.now, night.progress)
    except UsageError as failure:
        figures.failures.append(failure)
    else:
        figures.final_erasures = rotated is not None
    return Worked(answered, figures)
