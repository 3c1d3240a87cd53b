"""The only writer of the books: no other module changes a balance, a hold, a key's use or adds a transaction.

amounts        which cents, references and reasons are accepted at all
postings       top_up, adjust, refund, let_ask: what staff and commands book, through Django's connection
ceilings       how much a member of staff may book alone
requests       ask, approve, refuse: what a second person decides
admission      admit: sets credit aside for a completion, or says why not; would_admit: the same, asked only
hold_rule      how much is set aside, and when not: the SQL of admission
settlement     settle: the completion's row, its charge, the balance and the hold in one statement
holds          beat, lost_holds, balance: what is under way, and whose process died
one_or_many    in which words the statement for one differs from the statement for many
batches        statements that wait for each other go together; an account is in one at a time per process

Locks are taken in one order everywhere: the account first, and with it whatever is the account's (keys' use,
completions, holds, transactions); staff lock their request and themselves before it. A row is read anew when it is
locked, so amounts are computed from what the lock returned: what else a statement read is as old as its beginning.
"""

from credits.ledger.admission import Admission, AdmissionDenied, Limits, Outlook, admit, limits, would_admit
from credits.ledger.amounts import CENTS_MAX, PAYMENT_MAX, InvalidAmount, InvalidText, payment_text
from credits.ledger.ceilings import AboveCeiling, Ceiling, beyond, ceiling_of
from credits.ledger.holds import LostHold, balance, beat, lost_holds
from credits.ledger.postings import (
    BelowHeld,
    NotRefundable,
    OwnAccount,
    PaymentBooked,
    ReferenceReused,
    UnableToPost,
    UnknownCharge,
    adjust,
    let_ask,
    refund,
    refundable_cents,
    top_up,
)
from credits.ledger.requests import NotOpen, NotYours, approve, ask, refuse
from credits.ledger.settlement import ReceiptStatement, Settled, WrongReceipt, settle

__all__ = [
    "CENTS_MAX",
    "PAYMENT_MAX",
    "AboveCeiling",
    "Admission",
    "AdmissionDenied",
    "BelowHeld",
    "Ceiling",
    "InvalidAmount",
    "InvalidText",
    "Limits",
    "LostHold",
    "NotOpen",
    "NotRefundable",
    "NotYours",
    "Outlook",
    "OwnAccount",
    "PaymentBooked",
    "ReceiptStatement",
    "ReferenceReused",
    "Settled",
    "UnableToPost",
    "UnknownCharge",
    "WrongReceipt",
    "adjust",
    "admit",
    "approve",
    "ask",
    "balance",
    "beat",
    "beyond",
    "ceiling_of",
    "let_ask",
    "limits",
    "lost_holds",
    "payment_text",
    "refund",
    "refundable_cents",
    "refuse",
    "settle",
    "top_up",
    "would_admit",
]
