"""One e-invoice: from the bytes of an XML or PDF file to the few facts that a claim needs.

XML is parsed without document type, entities and network; a PDF is opened only for the invoice attached to it, within
bounds. Both syntaxes of EN 16931 give the same Invoice.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from lxml import etree
from pypdf import PdfReader

from gateway.readers.plain_pdf import MALFORMED
from gateway.readers.xml import xml_parser

MAXIMUM_FILE: Final = 20 << 20
MAXIMUM_XML: Final = 10 << 20
_ATTACHMENTS: Final = ("factur-x.xml", "zugferd-invoice.xml", "ZUGFeRD-invoice.xml", "xrechnung.xml")
_SPACES: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_BUYER: Final = "cac:AccountingCustomerParty/cac:Party"
_UBL_PATHS: Final = {
    "number": "cbc:ID",
    "issued": "cbc:IssueDate",
    "currency": "cbc:DocumentCurrencyCode",
    "due": "cbc:DueDate",
    "preceding": "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
    "means": "cac:PaymentMeans/cbc:PaymentMeansCode",
    "customer_no": f"{_BUYER}/cac:PartyIdentification/cbc:ID",
    "name": f"{_BUYER}/cac:PartyLegalEntity/cbc:RegistrationName",
    "registration": f"{_BUYER}/cac:PartyLegalEntity/cbc:CompanyID",
    "street": f"{_BUYER}/cac:PostalAddress/cbc:StreetName",
    "street_2": f"{_BUYER}/cac:PostalAddress/cbc:AdditionalStreetName",
    "postcode": f"{_BUYER}/cac:PostalAddress/cbc:PostalZone",
    "city": f"{_BUYER}/cac:PostalAddress/cbc:CityName",
    "country": f"{_BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode",
    "email": f"{_BUYER}/cac:Contact/cbc:ElectronicMail",
    "total": "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
    "payable": "cac:LegalMonetaryTotal/cbc:PayableAmount",
}
_TRADE: Final = "rsm:SupplyChainTradeTransaction"
_CII_BUYER: Final = f"{_TRADE}/ram:ApplicableHeaderTradeAgreement/ram:BuyerTradeParty"
_SETTLEMENT: Final = f"{_TRADE}/ram:ApplicableHeaderTradeSettlement"
_TOTALS: Final = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_CII_PATHS: Final = {
    "number": "rsm:ExchangedDocument/ram:ID",
    "kind": "rsm:ExchangedDocument/ram:TypeCode",
    "issued": "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString",
    "currency": f"{_SETTLEMENT}/ram:InvoiceCurrencyCode",
    "due": f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString",
    "preceding": f"{_SETTLEMENT}/ram:InvoiceReferencedDocument/ram:IssuerAssignedID",
    "means": f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode",
    "customer_no": f"{_CII_BUYER}/ram:ID",
    "name": f"{_CII_BUYER}/ram:Name",
    "registration": f"{_CII_BUYER}/ram:SpecifiedLegalOrganization/ram:ID",
    "vat_id": f"{_CII_BUYER}/ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']",
    "street": f"{_CII_BUYER}/ram:PostalTradeAddress/ram:LineOne",
    "street_2": f"{_CII_BUYER}/ram:PostalTradeAddress/ram:LineTwo",
    "postcode": f"{_CII_BUYER}/ram:PostalTradeAddress/ram:PostcodeCode",
    "city": f"{_CII_BUYER}/ram:PostalTradeAddress/ram:CityName",
    "country": f"{_CII_BUYER}/ram:PostalTradeAddress/ram:CountryID",
    "email": f"{_CII_BUYER}/ram:DefinedTradeContact/ram:EmailURIUniversalCommunication/ram:URIID",
    "total": f"{_TOTALS}/ram:GrandTotalAmount",
    "payable": f"{_TOTALS}/ram:DuePayableAmount",
}


_TERMS: Final = ("cac:PaymentTerms/cbc:Note", f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:Description")


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is read of an e-invoice, as text; nothing for what is not there. Dates are ISO, amounts have a point.

    `has_terms`: there are payment terms; what they say is free text, and is not read.
    """

    number: str
    kind: str
    issued: str
    due: str
    currency: str
    preceding: str
    means: str
    customer_no: str
    name: str
    registration: str
    vat_id: str
    street: str
    street_2: str
    postcode: str
    city: str
    country: str
    email: str
    has_terms: bool
    total: str
    payable: str


def invoice_of(stream: BinaryIO) -> Invoice | str:
    """The invoice of a file, or the rule that refuses the file."""
    data = stream.read(MAXIMUM_FILE + 1)
    if len(data) > MAXIMUM_FILE:
        return "file-too-large"
    if data.startswith(b"%PDF-"):
        attached = _attached(data)
        if isinstance(attached, str):
            return attached
        data = attached
    if len(data) > MAXIMUM_XML:
        return "xml-too-large"
    try:
        root = etree.fromstring(data, xml_parser())
    except etree.XMLSyntaxError:
        return "xml"
    return "xml-doctype" if root.getroottree().docinfo.internalDTD is not None else _invoice(root)


def _attached(data: bytes) -> bytes | str:
    """The invoice attached to a PDF, or the rule that refuses the file. Nothing else of the PDF is looked at."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            return "pdf-encrypted"
        found = [one.content for one in reader.attachment_list if one.name in _ATTACHMENTS]
    except MALFORMED:
        return "pdf"
    return found[0] if len(found) == 1 else "pdf-without-invoice"


def _invoice(root: etree._Element) -> Invoice | str:
    kind = etree.QName(root)
    if kind.namespace == _SPACES["rsm"] and kind.localname == "CrossIndustryInvoice":
        found = _texts(root, _CII_PATHS)
        found |= {name: _day(root, found[name], _CII_PATHS[name]) for name in ("issued", "due")}
    elif kind.namespace in (f"{_UBL}Invoice-2", f"{_UBL}CreditNote-2"):
        found = _texts(root, _UBL_PATHS | {"kind": f"cbc:{kind.localname}TypeCode"})
        found["due"] = found["due"] or _text(root, "cac:PaymentMeans/cbc:PaymentDueDate")
        schemes = root.iterfind(f"{_BUYER}/cac:PartyTaxScheme", _SPACES)
        vat_ids = [_text(one, "cbc:CompanyID") for one in schemes if _text(one, "cac:TaxScheme/cbc:ID") == "VAT"]
        found["vat_id"] = next(iter(vat_ids), "")
        found["name"] = found["name"] or _text(root, f"{_BUYER}/cac:PartyName/cbc:Name")
    else:
        return "no-invoice"
    return Invoice(**found, has_terms=any(root.findtext(path, None, _SPACES) for path in _TERMS))


def _texts(root: etree._Element, paths: Mapping[str, str]) -> dict[str, str]:
    return {name: _text(root, path) for name, path in paths.items()}


def _text(root: etree._Element, path: str) -> str:
    return (root.findtext(path, "", _SPACES) or "").strip()


def _day(root: etree._Element, text: str, path: str) -> str:
    """A date of CII: format 102 is YYYYMMDD. Any other stays as it is, and is refused as a date."""
    element = root.find(path, _SPACES)
    if element is not None and element.get("format") == "102" and len(text) == 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text
