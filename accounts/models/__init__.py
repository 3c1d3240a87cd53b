"""The tables of who is asking.

user              an account: by email, by wallet, or both
wallet_address    a wallet that signs in as its user
api_key           a key's digest, its name, limits and models
refresh_token     what a program signs in again with; used twice, its family ends
browser_session   which sessions are whose
nonce             what a wallet signs, once
sign_in_link      a link that works once
second_factor     authenticator apps, passkeys and recovery codes
attempts          wrong passwords, and what else is counted against a limit
staff_address     from where a member of staff did what the admin's log says
saved_filter      what staff look for often in a list
"""

from accounts.models.api_key import ApiKey
from accounts.models.attempts import Attempts, SignInPlace
from accounts.models.browser_session import BrowserSession
from accounts.models.nonce import Nonce
from accounts.models.refresh_token import RefreshToken
from accounts.models.saved_filter import SavedFilter
from accounts.models.second_factor import Passkey, RecoveryCode, TotpApp
from accounts.models.sign_in_link import SignInLink
from accounts.models.staff_address import StaffAddress
from accounts.models.user import UnprovenEmail, User
from accounts.models.wallet_address import WalletAddress

__all__ = [
    "ApiKey",
    "Attempts",
    "BrowserSession",
    "Nonce",
    "Passkey",
    "RecoveryCode",
    "RefreshToken",
    "SavedFilter",
    "SignInLink",
    "SignInPlace",
    "StaffAddress",
    "TotpApp",
    "UnprovenEmail",
    "User",
    "WalletAddress",
]
