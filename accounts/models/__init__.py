from accounts.models.api_key import ApiKey
from accounts.models.attempts import Attempts, SignInPlace
from accounts.models.browser_session import BrowserSession
from accounts.models.nonce import Nonce
from accounts.models.refresh_token import RefreshToken
from accounts.models.sign_in_link import SignInLink
from accounts.models.staff_address import StaffAddress
from accounts.models.user import UnprovenEmail, User
from accounts.models.wallet_address import WalletAddress

__all__ = [
    "ApiKey",
    "Attempts",
    "BrowserSession",
    "Nonce",
    "RefreshToken",
    "SignInLink",
    "SignInPlace",
    "StaffAddress",
    "UnprovenEmail",
    "User",
    "WalletAddress",
]
