"""The configuration file that `init` writes: every setting once, with what it means; what needs a partner is commented
out.
"""

CREDITOR_TEMPLATE = """\
# The creditor's side of the inkasso gateway. Paths are relative to this file, amounts are cents, times are seconds.
# An unknown key stops the start. After a change: `inkasso config check`, then `inkasso doctor`.

[stores]
gateway = "gateway.db"   # states, ciphertext, the audit log
vault = "vault.db"       # everything that links pseudonyms to people; back it up apart, for 30 days at most
keys = "keys"            # never into the same backup as the stores
outbox = "outbox"        # sealed packages that wait to be sent
quarantine = "quarantine"  # answers that were collected and not yet believed
readings = "readings"    # the log of who saw personal data, one file a year
journal = "journal"      # what was erased, and the log's last checkpoint: back it up with everything, and newest

# The keys, once more: one file, overwritten whenever they change, sealed to age identities that are kept offline. Without
# it no erasure becomes final. Put it on another disk that no backup and no snapshot takes; see docs/keys.md.
#[escrow]
#location = "/mnt/escrow/inkasso-keys.age"
#recipients = ["age1pq1…"]

# Where `inkasso backup` puts copies; two folders, apart. After a night's erasures `nightly` copies the vault, proves that
# the copy opens, and destroys the key of all older copies; see docs/backup.md.
#[backup]
#gateway = "/mnt/backup/gateway"   # years
#vault = "/mnt/backup-vault"       # removed after vault_days, and when an erasure makes them dead
#vault_days = 30

# A legal entity that is the creditor. Its id signs packages (the principal in the agency's allowed_signers).
#[[entities]]
#id = "shop"
#[entities.creditor]
#name = "…"
#street = "…"
#house_no = "…"
#postcode = "…"
#city = "…"
#country = "DE"
#vat_deductible = true   # § 13a(1) Nr. 6 RDG
#iban = "DE…"
#[entities.privacy]      # for records and answers to people (Art. 13, 15, 30 GDPR)
#dpo = "…"               # the data-protection officer's name or function
#contact = "…"           # where requests reach you
#authority = "…"         # your supervisory authority
#land = "BY"             # whose public holidays move a deadline

# Where claims come from.
#[[sources]]
#id = "shop-export"
#entity = "shop"
#inbox = "inbox"         # exports; write under a dotted name, then rename
#preset = "erp-de"       # or datev, einvoice, shopify, shopware, woocommerce
#mapping = "shop.toml"   # instead of a preset: a mapping of your own, proposed by `inkasso config suggest FILE`
#processed = "done"      # where files go that have been read; leave it out, and they stay
#settle_seconds = 60     # a file counts as complete when it has not changed for so long
#facts = "facts.csv"     # the facts feed: disputes, payments, returns, insolvencies, … (docs/screening.md)
#hold_days = 180         # a claim that waits for a person is refused after so many days
#complete_exports = false # true: an export holds every open claim; one at an agency that is missing is asked about
#care = "care.csv"                       # customers with special care: see docs/mandates.md
#[sources.declarations]  # what exports do not say, declared by a person
#declared_by = "…"
#declared_on = 2026-01-31
#contract_kind = "goods"             # or "service"
#mahnung_from_level = 2              # from this reminder level on it is a Mahnung, § 286(1) BGB
#notice_since = 2020-01-01           # invoices from here on carry the notice of § 286(3) BGB; leave out if they do not
#payment_date_agreed = false         # § 286(2) Nr. 1 BGB
#post_days = 3                       # assumed until a letter has arrived
#email_days = 1
#email_belongs_to_contract = false   # the debtor gave the address for this contract
#last_warning_level = 3              # from this level on it is the last warning
#bureau_notice_level = 3             # from here on reminders tell of reports to a credit bureau, § 31(2) Nr. 4c BDSG
#letter_cost = 76                    # what one letter costs (cents); without it, what the courts have accepted
#lump_sum = false                    # 40 EUR are claimed of businesses, § 288(5) BGB
#land = "BY"                         # whose public holidays count, § 193 BGB; without it, those of any Land
#large_online_seller = false         # a term above 14 days may be a consumer credit; else above 50
#consumer_credit = "note"            # or "hold"; "assessed" once somebody has looked
#instalments = "note"                # or "hold", "assessed"
#[sources.worth]                     # without it, every claim above the mandate's minimum is worth it
#uncollected_percent = 0             # of the lawful fee, what an uncollected claim costs you
#uncollected_fixed = 0               # and in cents
#minimum_gain = 500                  # what is to be expected must reach this (cents)
#learn_from = 100                    # from so many closed cases of like age and amount, the agency's results count first
#rates = [                           # of a hundred claims so old (days since due) and so high (cents), how many are paid
#  {up_to_days = 180, up_to_amount = 10000, percent = 60},
#  {percent = 35},
#]

# Legal figures that have been published since this release: added with their source, never replaced.
#[[figures.base_rates]]
#since = 2026-07-01
#rate = 100                          # hundredths of a per cent, § 247 BGB; put in what the Bundesanzeiger says
#source = "Bundesanzeiger …"

# To whom claims go.
#[[agencies]]
#id = "agency"
#cases_recipients = ["age1pq1…"]         # for its case systems
#identities_recipients = ["age1pq1…"]    # only where letters are written
#classic_recipients = false              # true allows age1… (X25519) and is recorded as a downgrade
#expires_days = 14
#attempts = 3
#remove_after_receipt = true              # sent packages and collected answers leave outbox and server
#receipt_days = 2                        # a receipt that has not come by then is overdue
#signers = ["ssh-ed25519 …"]             # who signs its answers; two while one key replaces the other
#cosigner = "…"                          # what `agency init` prints: its cosignatures keep our manifests short
#check_days = 180                        # a check older than this stops delivery
#[agencies.profile]                      # who it is; after a change, `inkasso agency check`
#role = "controller"                     # or "processor" (Art. 28 GDPR), "assignee" (owns the claims, § 398 BGB)
#places = ["Hamburg, DE"]                # where it processes
#association = "BDIU"                    # leave out if none
#[agencies.profile.register_entry]       # www.rechtsdienstleistungsregister.de
#name = "…"
#file_number = "…"
#scope = "Inkassodienstleistungen"
#[agencies.profile.contract]
#reference = "…"
#since = 2026-01-01
#until = 2027-12-31                      # leave out if it has no end
#[agencies.sftp]
#host = "…"
#port = 22
#user = "…"
#host_key = "ssh-ed25519 …"              # pinned; confirm its fingerprint out of band
#client_key = "keys/sftp_ed25519"        # made by init; hand keys/sftp_ed25519.pub to the agency
#remote_dir = "."
#timeout_seconds = 30
#deadline_seconds = 3600

# The instruction: which source's claims to which agency, how, and how far.
#[[mandates]]
#id = "standard"
#source = "shop-export"
#agency = "agency"
#type = "collection-authority"           # or "fiduciary-assignment", "sale": then the agency's role is "assignee"
#version = 1                             # a change needs a new one, once a version has been used
#minimum_amount = 1500                   # open principal in cents below which a claim is held
#channels = ["letter"]                   # "email" only travels if it is here and the source declares it
#stage = "reminding"                     # or "court-order", "enforcement"
#tone = "neutral"                        # or "courteous", "firm"
#language = "de"
#forbidden_channels = ["visit"]          # sms, telephone, visit; what is in neither list needs a question
#discount_percent = 0                    # of the principal, for payment in one sum
#[mandates.segment]                      # leave out for every claim of the source; all conditions must hold
#debtor_kinds = ["consumer"]
#open_from = 1500                        # cents; together with open_below, which is exclusive
#open_below = 500000
#postcodes = ["96", "97"]                # beginnings
#[mandates.contact_hours]                # calls and visits, German time; never on public holidays
#days = ["mon", "tue", "wed", "thu", "fri"]
#since = "09:00"
#until = "18:00"
#[mandates.instalments]                  # leave out if it may grant none
#maximum_months = 12
#minimum_rate = 2500
#[mandates.special_care]                 # for customers of the source's care list
#tone = "courteous"
#ask_first = true
#[mandates.ask]                          # a desk rather than a person
#desk = "…"
#email = "…"
"""
