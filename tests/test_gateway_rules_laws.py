"""Laws of screening for any claim: adding bad news never helps the creditor, an earlier Mahnung never hurts."""

from datetime import date, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from claims_strategy import claims
from gateway.rules.ordered import RULES
from gateway.rules.rule import Release
from gateway.steps.screen import screen
from judging import ADDRESS, CLAIM, DEBTOR, FIRM, TODAY, Situation, changed
from schemas.claim import Claim, Disputed, Reminder, ReminderChannel
from schemas.facts import FactKind, Facts
from schemas.screening import Cleared, Held, Known, Refused, Verdict

RANK = {Cleared: 0, Held: 1, Refused: 2}
BAD_NEWS = (FactKind.DISPUTE, FactKind.INSOLVENCY, FactKind.DEATH)
RELEASABLE = sorted(rule.id for rule in RULES if rule.release is not Release.NEVER)
near = st.integers(-400, 30).map(lambda days: TODAY + timedelta(days=days))
reminders = st.builds(
    Reminder,
    level=st.integers(1, 3),
    sent_on=near,
    channel=st.sampled_from(ReminderChannel),
    fee=st.sampled_from([0, 76, 250]),
)


@st.composite
def likely(draw: st.DrawFn) -> Claim:
    """Claims that differ from one that clears in few things, so that many of them clear."""
    changes: dict[str, Any] = {
        "debtor": draw(st.sampled_from([DEBTOR, DEBTOR, FIRM])),
        "reminders": tuple(draw(st.lists(reminders, max_size=4))),
        "disputed": draw(st.sampled_from([Disputed.NO, Disputed.NO, *Disputed])),
        "paid": draw(st.sampled_from([0, 2_000, 12_049, 12_050])),
    }
    if draw(st.booleans()):
        changes["due_date"] = draw(near)
    return CLAIM.model_copy(update=changes)


@st.composite
def knowledge(draw: st.DrawFn) -> Known:
    """What may be known of a claim."""
    _, known, _, _ = Situation(declared={"notice_since": draw(st.none() | near)}).parts
    facts = Facts(
        fresh=draw(st.booleans()),
        kinds=frozenset(draw(st.lists(st.sampled_from(FactKind), max_size=1))),
        paid=draw(st.sampled_from([0, 0, 2_000, 12_050])),
        deferred_to=draw(st.none() | near),
        address=draw(st.none() | st.just(ADDRESS)),
    )
    released = frozenset(draw(st.lists(st.sampled_from(RELEASABLE), max_size=3)))
    changes = {"facts": facts, "released": released, "request_open": draw(st.booleans())}
    changes["contested"] = draw(st.booleans())
    found: Known = changed(known, changes)
    return found


def judged(claim: Claim, known: Known, today: date = TODAY) -> Verdict:
    _, _, mandate, _ = Situation().parts
    return screen(claim, known, mandate, today)


def rank(claim: Claim, known: Known) -> int:
    return RANK[type(judged(claim, known))]


@settings(max_examples=150)
@given(claims() | likely(), knowledge())
def test_screening_is_total_and_repeatable(claim: Claim, known: Known) -> None:
    """Any claim gets one verdict, twice the same; what is told has fired, and cleared claims owe something."""
    first, second = judged(claim, known), judged(claim, known)

    assert first == second
    if isinstance(first, Cleared):
        assert first.claim.open > 0
        assert first.default.since <= TODAY
        assert first.claim.debtor.address.country == "DE"
    else:
        assert first.rules


@settings(max_examples=150)
@given(claims() | likely(), knowledge(), st.sampled_from(BAD_NEWS))
def test_bad_news_never_makes_a_claim_better(claim: Claim, known: Known, news: FactKind) -> None:
    """A dispute, an insolvency or a death, told by the feed."""
    told = known.facts.model_copy(update={"kinds": known.facts.kinds | {news}})

    assert rank(claim, changed(known, {"facts": told})) >= rank(claim, known)


@settings(max_examples=100)
@given(claims() | likely(), knowledge())
def test_an_open_request_or_a_dispute_in_the_row_never_makes_a_claim_better(claim: Claim, known: Known) -> None:
    """Whether the source or the person says so."""
    assert rank(claim, changed(known, {"request_open": True})) >= rank(claim, changed(known, {"request_open": False}))
    assert rank(claim, changed(known, {"contested": True})) >= rank(claim, changed(known, {"contested": False}))
    assert rank(changed(claim, {"disputed": Disputed.YES}), known) >= rank(
        changed(claim, {"disputed": Disputed.NO}), known
    )


@settings(max_examples=150)
@given(likely(), knowledge(), st.data())
def test_an_earlier_mahnung_never_makes_a_claim_worse(claim: Claim, known: Known, data: st.DataObject) -> None:
    """Whether one more was sent, or one was sent earlier but still after the last day of payment."""
    start = max(claim.due_date, known.facts.deferred_to or claim.due_date) + timedelta(days=5)
    assume(start <= TODAY)
    sent = data.draw(st.integers(0, 60).map(lambda days: min(TODAY, start + timedelta(days=days))))
    more = Reminder(level=2, sent_on=sent, channel=ReminderChannel.LETTER, fee=0)

    assert rank(changed(claim, {"reminders": (*claim.reminders, more)}), known) <= rank(claim, known)
    later = more.model_copy(update={"sent_on": sent + timedelta(days=data.draw(st.integers(0, 60)))})
    assert rank(changed(claim, {"reminders": (more,)}), known) <= rank(changed(claim, {"reminders": (later,)}), known)


@settings(max_examples=100)
@given(likely(), knowledge(), st.sampled_from([rule for rule in RULES if rule.release is Release.NEVER]))
def test_what_nobody_may_release_stays(claim: Claim, known: Known, never: Any) -> None:
    """A release of a rule that only source, time or facts can satisfy changes nothing."""
    released = changed(known, {"released": known.released | {never.id}})

    assert judged(claim, released) == judged(claim, known)
