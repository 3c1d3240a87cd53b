from accounts.models.api_key import ApiKey
from accounts.models.nonce import Nonce
from accounts.models.refresh_token import RefreshToken
from accounts.models.sign_in_link import SignInLink
from accounts.models.user import User
from accounts.models.wallet_address import WalletAddress

__all__ = ["ApiKey", "Nonce", "RefreshToken", "SignInLink", "User", "WalletAddress"]
