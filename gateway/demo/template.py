"""The demo's configuration: invented firms, whose names share no word with the invented debtors."""

from typing import Final

from gateway.settings import quoted
from schemas.package import Part

CREDITOR: Final = "nordlicht"
AGENCY: Final = "ostsee"

_TEXT: Final = """\
# The creditor of the demo. Money in cents, times in seconds.

[[entities]]
id = "nordlicht"
[entities.creditor]
name = "Nordlicht Versand eG"
street = "Polarsternallee"
house_no = "7"
postcode = "96047"
city = "Bamberg"
country = "DE"
vat_deductible = true
iban = "DE02120300000000202051"
[entities.privacy]
dpo = "Datenschutzbüro Nordlicht Versand eG"
contact = "Polarsternallee 7, 96047 Bamberg"
authority = "Bayerisches Landesamt für Datenschutzaufsicht"
land = "BY"

[[sources]]
id = "nordlicht-erp"
entity = "nordlicht"
inbox = "inbox"
preset = "erp-de"
settle_seconds = 0
{facts}[sources.declarations]
declared_by = "Head of accounting"
declared_on = 2026-01-31
contract_kind = "goods"
mahnung_from_level = 2
notice_since = 2020-01-01
email_belongs_to_contract = true

[[agencies]]
id = "ostsee"
cases_recipients = [{cases}]
identities_recipients = [{identities}]
# The demo keeps what was delivered, so that you can look at it.
remove_after_receipt = false
signers = [{signer}]
cosigner = {cosigner}
[agencies.profile]
role = "controller"
places = ["Wieck, DE"]
[agencies.profile.register_entry]
name = "Ostsee Inkasso eK"
file_number = "0000 E1-2.3"
[agencies.profile.contract]
reference = "V-2026-1"
since = 2020-01-01
[agencies.sftp]
host = "127.0.0.1"
port = {port}
user = "nordlicht"
host_key = {host_key}
client_key = "keys/sftp_ed25519"

[[mandates]]
id = "standard"
source = "nordlicht-erp"
agency = "ostsee"
minimum_amount = 1500
channels = ["letter", "email"]
stage = "reminding"
"""


def demo_configuration(
    port: int, host_key: str, recipients: dict[Part, str], signers: tuple[str, str], facts: str | None = None
) -> str:
    """The text of the demo's inkasso.toml; `signers` are the agency's keys of its answers and of its cosignatures, `facts`
    is the file of the facts feed.
    """
    signer, cosigner = signers
    return _TEXT.format(
        port=port,
        facts="" if facts is None else f"facts = {quoted(facts)}\n",
        host_key=quoted(host_key),
        signer=quoted(signer),
        cosigner=quoted(cosigner),
        cases=quoted(recipients[Part.CASES]),
        identities=quoted(recipients[Part.IDENTITIES]),
    )
