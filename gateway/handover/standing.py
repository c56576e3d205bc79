"""What is known of every claim of a source before one is looked at: declarations, legal figures, worth, length of holds."""

from gateway.figures.tables import load_figures
from gateway.figures.workdays import days_off
from gateway.office import Office
from gateway.rules.worth import learned
from gateway.settings import Source
from schemas.facts import Facts
from schemas.figures import LegalFigures
from schemas.mandate import Declarations
from schemas.screening import Known, Law


def standing(source: Source, own: LegalFigures) -> Known:
    """What a source's claims are judged by, with the figures an operator added. Raises UsageError."""
    law = law_of(source.declarations, own)
    return Known(declarations=source.declarations, law=law, worth=source.worth, hold_days=source.hold_days)


def standing_by_agency(office: Office, source: Source, facts: Facts) -> dict[str, Known]:
    """The same for each agency, with what its closed cases teach; `facts`: what is known where the feed is silent."""
    known = standing(source, office.configuration.settings.figures).model_copy(update={"facts": facts})
    if source.worth is None:
        return {agency.id: known for agency in office.configuration.settings.agencies}
    with office.connection.begin():
        outcomes = office.outcomes.of(source.id)
    return {
        agency.id: known.model_copy(update={"worth": learned(source.worth, outcomes.get(agency.id, ()))})
        for agency in office.configuration.settings.agencies
    }


def law_of(declarations: Declarations, own: LegalFigures) -> Law:
    """The legal figures, and the public holidays of the Land that the source declares."""
    figures = load_figures(own)
    return Law(figures=figures, days_off=days_off(figures, declarations.land))
