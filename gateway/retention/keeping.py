"""What no calendar ends for now: what a person has asked to see, or to be kept (Art. 15, 18(1)(b), (c) GDPR)."""

from gateway.office import Office


def kept_for_now(office: Office) -> set[str]:
    """The claims of everybody whose request keeps them, inside the caller's transactions."""
    subjects = office.requests.keeping()
    return set(office.vault.of_subjects(subjects)) if subjects else set()
