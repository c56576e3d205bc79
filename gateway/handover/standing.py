"""What is known of every claim of a source before one is looked at: declarations, legal figures, worth, length of holds."""

from gateway.figures.tables import load_figures
from gateway.figures.workdays import days_off
from gateway.settings import Source
from schemas.figures import LegalFigures
from schemas.mandate import Declarations
from schemas.screening import Known, Law


def standing(source: Source, own: LegalFigures) -> Known:
    """What a source's claims are judged by, with the figures an operator added. Raises UsageError."""
    law = law_of(source.declarations, own)
    return Known(declarations=source.declarations, law=law, worth=source.worth, hold_days=source.hold_days)


def law_of(declarations: Declarations, own: LegalFigures) -> Law:
    """The legal figures, and the public holidays of the Land that the source declares."""
    figures = load_figures(own)
    return Law(figures=figures, days_off=days_off(figures, declarations.land))
