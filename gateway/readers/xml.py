"""XML from strangers: no document type, no entities, no network, bounded depth."""

from lxml import etree


def xml_parser() -> etree.XMLParser:
    """A parser that expands nothing and fetches nothing; `huge_tree` keeps libxml2's own limits on depth and size."""
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
    )
