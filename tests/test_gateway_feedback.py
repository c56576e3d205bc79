"""What comes back: receipts, feedback, and what is refused of it, through the real server and both command lines."""

from world import World, cli, jsonl, row


def night(world: World, *numbers: int) -> None:
    """A night that hands over, and the agency's morning after it."""
    world.drop("export.jsonl", jsonl([row(number) for number in numbers]))

    assert world.handover().code == 0
    assert world.receive().code == 0


def test_a_receipt_makes_a_package_delivered(world: World) -> None:
    """Without the agency's signed receipt a package is uploaded; with it, it is delivered, and that is an entry."""
    night(world, 1, 2)
    found = cli("feedback", "--json", "--config", world.creditor)

    assert (found.code, found.err) == (0, "")
    assert found.json["packages"] == {"applied": 1, "delivered": 1}
    assert found.json["answers"] == {"package.receipt": 2}
    assert world.events()[-2:] == ["messages.received", "package.delivered"]
    again = cli("feedback", "--json", "--config", world.creditor)
    assert again.json["packages"] == {"applied": 0, "delivered": 0}
