"""Default in payment, § 286 BGB: from which day, and by which branch.

    286-1     a Mahnung sent after the due date: the day after it arrived (§ 286(1))
    286-2-1   a payment date was agreed by calendar: the day after the due date (§ 286(2) Nr. 1)
    286-3     30 days after due date and receipt of the invoice, on the day after (§§ 286(3), 187(1), 188(1));
              against a consumer only if the invoice carried the notice

The earliest branch counts; on the same day, the one that needs no reminder. Arrival is the declared number of days
after sending. A last day that is no working day moves on (§ 193 BGB). What the source does not declare does not count
in the creditor's favour.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from gateway.figures.workdays import next_workday
from schemas.claim import Claim, DebtorKind, Reminder, ReminderChannel
from schemas.mandate import Declarations
from schemas.screening import Default, DefaultGround, History, Known

_ONE_DAY = timedelta(days=1)
_NOTICE_PERIOD = timedelta(days=30)


def default(claim: Claim, known: Known) -> Default | None:
    """Since when the debtor is, or will be, in default; None if no branch applies."""
    found = default_day(claim, known)
    return None if found is None else Default(since=found[0], ground=found[1])


def default_day(claim: Claim, known: Known) -> tuple[date, DefaultGround] | None:
    """The same as plain values: rules ask several times a claim."""
    declarations, off = known.declarations, known.law.days_off
    last_day = next_workday(claim.due_date, off)
    since: date | None = None
    ground = DefaultGround.MAHNUNG
    for reminder in claim.reminders:
        if reminder.level >= declarations.mahnung_from_level and reminder.sent_on > last_day:
            day = _arrival(reminder, declarations) + _ONE_DAY
            since = day if since is None else min(since, day)
    if declarations.payment_date_agreed and (since is None or last_day + _ONE_DAY <= since):
        since, ground = last_day + _ONE_DAY, DefaultGround.CALENDAR
    if _notice_counts(claim, declarations):
        received = claim.invoice_date + timedelta(days=declarations.post_days)
        day = next_workday(max(last_day, received) + _NOTICE_PERIOD, off) + _ONE_DAY
        if since is None or day < since:
            since, ground = day, DefaultGround.NOTICE
    return None if since is None else (since, ground)


def mahnungen(claim: Claim, known: Known) -> list[Reminder]:
    """The reminders that are a Mahnung and were sent after the last day of payment, in order."""
    if not claim.reminders:
        return []
    last_day = next_workday(claim.due_date, known.law.days_off)
    level = known.declarations.mahnung_from_level
    found = [reminder for reminder in claim.reminders if reminder.level >= level and reminder.sent_on > last_day]
    return sorted(found, key=lambda reminder: reminder.sent_on) if len(found) > 1 else found


def history(found: Sequence[Reminder], known: Known) -> History:
    """When the debtor was sent a Mahnung, and warned for the last time; payment reminders are neither."""
    level = known.declarations.last_warning_level
    warnings = [] if level is None else [reminder for reminder in found if reminder.level >= level]
    return History(
        first_mahnung=found[0].sent_on if found else None,
        last_mahnung=found[-1].sent_on if found else None,
        last_warning=warnings[-1].sent_on if warnings else None,
    )


def _arrival(reminder: Reminder, declarations: Declarations) -> date:
    by_post = reminder.channel is ReminderChannel.LETTER
    return reminder.sent_on + timedelta(days=declarations.post_days if by_post else declarations.email_days)


def _notice_counts(claim: Claim, declarations: Declarations) -> bool:
    if claim.debtor.kind is DebtorKind.BUSINESS:
        return True
    return declarations.notice_since is not None and claim.invoice_date >= declarations.notice_since
