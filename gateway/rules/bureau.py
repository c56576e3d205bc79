"""Whether a claim may be reported to a credit bureau: § 31(2) Nr. 4 BDSG, all four conditions, in doubt not.

a   at least two written reminders after the due date (letters: whether e-mail is written is not settled)
b   the first of them at least four weeks ago
c   the debtor was told of a possible report, not before the first reminder
d   the claim is not disputed, and that is known
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from schemas.claim import Claim, Disputed, Reminder, ReminderChannel
from schemas.screening import Known

FOUR_WEEKS: Final = timedelta(weeks=4)


def bureau_eligible(claim: Claim, sent: Sequence[Reminder], known: Known, today: date) -> bool:
    """True only if everything that the law asks for is known to be so; `sent` are the claim's Mahnungen, in order."""
    told_from = known.declarations.bureau_notice_level
    if told_from is None:
        return False
    letters = [one for one in sent if one.channel is ReminderChannel.LETTER and one.sent_on <= today]
    if len(letters) < 2 or letters[0].sent_on + FOUR_WEEKS > today:
        return False
    return any(letter.level >= told_from for letter in letters) and claim.disputed is Disputed.NO
