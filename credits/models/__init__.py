"""The books. An account's balance is the sum of its transactions; available = balance - held is what may be spent.

books     CreditAccount, balance, held cents and running requests of a user; made with the first transaction
          CreditTransaction, one entry of the history, never changed: mistakes are corrected by another entry
          Hold, cents set aside for a request under way; gone when it is settled
          HoldWatch, one row: when somebody looked for holds that do not move
          KeyUse, what a limited API key has spent and holds in its present day, month or lifetime
staff     MoveRequest, what staff may not book alone: asked for by one person, decided once by another
          StaffCeiling, how much a member of staff may book alone, where it is not what the settings say
          StaffAction, everything staff did, from the ledger, the requests and the admin's log (a view)
months    DaySum, what transactions of a day that is over come to; SummedDays says which days are there
          MonthClose, a month of all accounts, as it was when it was closed, and MonthDraft, as it would be
          BillingDetails, whose name statements bear
notices   what people are told of their account, and where

Only credits/ledger writes the tables of the books. Python checks are courtesy; the constraints and triggers here are
law, and so is APPLICATION_MAY: what the application's role is granted where the owner's is another
(conway.common.database_roles).
"""

from conway.common.clock import Clock
from credits.models.books import (
    CreditAccount,
    CreditAccountQuerySet,
    CreditTransaction,
    CreditTransactionQuerySet,
    Hold,
    HoldWatch,
    KeyUse,
    StartsWith,
)
from credits.models.months import AuditRun, BillingDetails, DaySum, MonthClose, MonthDraft, SummedDays
from credits.models.notices import NoticeScan, NoticeSettings, Webhook, WebhookDelivery
from credits.models.staff import FundingNote, MoveRequest, MoveRequestQuerySet, StaffAction, StaffCeiling

__all__ = [
    "AuditRun",
    "BillingDetails",
    "Clock",
    "CreditAccount",
    "CreditAccountQuerySet",
    "CreditTransaction",
    "CreditTransactionQuerySet",
    "DaySum",
    "FundingNote",
    "Hold",
    "HoldWatch",
    "KeyUse",
    "MonthClose",
    "MonthDraft",
    "MoveRequest",
    "MoveRequestQuerySet",
    "NoticeScan",
    "NoticeSettings",
    "StaffAction",
    "StaffCeiling",
    "StartsWith",
    "SummedDays",
    "Webhook",
    "WebhookDelivery",
]
