"""A document that was released for a case does not reach its agency once nobody works on the case any more, nor once a
request has restricted it.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from asking import approved, asked, command, enrol_officer
from test_gateway_answer import pdf
from test_gateway_feedback_lies import refs, reply
from test_gateway_void import agency, assert_in_order, feedback, lose, unanswered, void
from test_gateway_void_order import handed_over
from world import TODAY, World, row

SINCE = TODAY + timedelta(hours=1)
LATER = TODAY + timedelta(hours=2)


@pytest.fixture
def released(world: World) -> World:
    """A case whose agency asked for the invoice, and the invoice, which waits to leave."""
    enrol_officer(world)
    handed_over(world, row(1))
    about = {"case_ref": refs(world)[0]}
    reply(
        world,
        [
            about | {"type": "package.receipt", "verdict": "accepted"},
            about | {"type": "case.question", "question": "invoice"},
        ],
    )
    feedback(world)
    document = world.home / "invoice.pdf"
    document.write_bytes(pdf())
    asked = ("claim", "answer", "F-000001", "--question", "invoice", "--document", document)
    assert approved(world, *asked, keys=("demo-clerk",)).code == 0
    return world


def recall(world: World) -> None:
    assert command(world, "claim", "recall", "F-000001", "--reason", "not-owed").code == 0


def documents(world: World) -> list[bytes]:
    """What the agency has."""
    folder = world.home / "documents"
    folder.mkdir()
    assert agency(world, "export", "nordlicht", "--documents", folder).code == 0
    return [path.read_bytes() for path in folder.iterdir()]


def exchange(world: World) -> None:
    assert (world.handover().code, world.receive().code) == (0, 0)
    feedback(world)


def test_a_document_that_waits_when_its_case_is_recalled_never_leaves(released: World) -> None:
    recall(released)
    exchange(released)

    assert (documents(released), list(released.sftp.glob("*.documents.age"))) == ([], [])
    assert_in_order(released)


def test_a_document_in_the_outbox_is_withdrawn_with_the_recall_of_its_case(released: World) -> None:
    port = f"port = {released.port}\n"
    released.configure(port, "port = 9\n")
    assert released.handover().code == 4
    sealed = list(Path(released.creditor.parent / "outbox").glob("*.documents.age"))
    recall(released)
    released.configure("port = 9\n", port)
    exchange(released)

    assert len(sealed) == 1
    assert (documents(released), list(released.sftp.glob("*.documents.age"))) == ([], [])
    assert_in_order(released)


@pytest.mark.parametrize("sealed", [False, True])
def test_a_document_that_a_restriction_overtakes_does_not_leave_until_it_is_released_again(
    released: World, *, sealed: bool
) -> None:
    """Art. 18(2) GDPR: whoever released it did not know; asked again, a person may, and sees that the case is restricted."""
    port = f"port = {released.port}\n"
    if sealed:
        released.configure(port, "port = 9\n")
        assert released.handover().code == 4
        released.configure("port = 9\n", port)
    asked(released, "restriction", "--ground", "accuracy", now=SINCE)
    exchange(released)
    before = list(released.sftp.glob("*.documents.age"))
    answer = ("claim", "answer", "F-000001", "--question", "invoice", "--document", released.home / "invoice.pdf")
    preview = command(released, *answer, "--preview-to", released.home / "seen", now=SINCE)
    again = approved(released, *answer, keys=("demo-clerk",), now=LATER)
    exchange(released)

    assert (before, preview.code, again.code) == ([], 0, 0)
    assert "restricted" in (released.home / "seen").read_text()
    assert len(documents(released)) == 1
    assert released.events().count("answers.dropped") == 1
    assert_in_order(released)


def test_a_document_of_a_voided_package_does_not_go_out_again_after_a_recall(released: World) -> None:
    assert released.handover().code == 0
    (package,) = unanswered(released)
    lose(released, package)
    recall(released)
    assert void(released, package).code == 0
    exchange(released)
    exchange(released)

    assert documents(released) == []
    assert_in_order(released)


def test_a_document_of_a_voided_package_goes_out_again_while_its_case_is_worked_on(released: World) -> None:
    assert released.handover().code == 0
    (package,) = unanswered(released)
    lose(released, package)
    assert void(released, package).code == 0
    exchange(released)
    exchange(released)

    assert documents(released) == [pdf()]
    assert_in_order(released)
