from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.api.keys import KeyRotationView, KeysView, KeyView
from accounts.api.me import MeView
from accounts.api.sign_in import NonceView, RefreshView, TokenView, VerifyView
from accounts.api.sign_in_link import SignInLinkView
from accounts.pages import passwords
from accounts.pages.email_and_password import EmailAndPasswordPage, NewEmailPage, SignUpPage
from accounts.pages.prove import ProvePage, send_again
from accounts.pages.second_factor import (
    AppPage,
    ConfirmPage,
    NewPasskeyPage,
    RecoveryCodesPage,
    RemovePage,
    SecondFactorPage,
    SecondStepPage,
)
from accounts.pages.sign_in import SessionsPage, SignInPage
from accounts.pages.sign_in_link import SignInLinkPage

api_urlpatterns = [
    path("v1/auth/token", TokenView.as_view()),
    path("v1/auth/refresh", RefreshView.as_view()),
    path("v1/auth/nonce", NonceView.as_view()),
    path("v1/auth/verify", VerifyView.as_view()),
    path("v1/auth/me", MeView.as_view()),
    path("v1/auth/sign-in-link", SignInLinkView.as_view()),
    path("v1/auth/api-keys", KeysView.as_view()),
    path("v1/auth/api-keys/<int:pk>", KeyView.as_view()),
    path("v1/auth/api-keys/<int:pk>/rotate", KeyRotationView.as_view()),
]

urlpatterns = [
    *api_urlpatterns,
    path("sign-up", SignUpPage.as_view(), name="sign-up"),
    path("sign-in", SignInPage.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("sign-in/email-and-password", EmailAndPasswordPage.as_view(), name="email-and-password"),
    path("sign-in/link/<str:secret>", SignInLinkPage.as_view(), name="sign-in-link"),
    path("sign-in/second-step", SecondStepPage.as_view(), name="second-step"),
    path("prove/<uid>/<token>", ProvePage.as_view(), name="prove"),
    path("account/email", NewEmailPage.as_view(), name="new-email"),
    path("account/email/prove", send_again, name="prove-again"),
    path("account/sessions", SessionsPage.as_view(), name="sessions"),
    path("account/confirm", ConfirmPage.as_view(), name="confirm"),
    path("account/second-factor", SecondFactorPage.as_view(), name="second-factor"),
    path("account/second-factor/app", AppPage.as_view(), name="second-factor-app"),
    path("account/second-factor/passkey", NewPasskeyPage.as_view(), name="second-factor-passkey"),
    path("account/second-factor/remove", RemovePage.as_view(), name="second-factor-remove"),
    path("account/second-factor/codes", RecoveryCodesPage.as_view(), name="recovery-codes"),
    path("account", passwords.AccountPage.as_view(), name="account"),
    # Django's own names: its views and the admin look these up.
    path("password/change", passwords.PasswordChangePage.as_view(), name="password_change"),
    path("password/changed", passwords.PasswordChangedPage.as_view(), name="password_change_done"),
    path("password/reset", passwords.PasswordResetPage.as_view(), name="password_reset"),
    path("password/reset/sent", passwords.PasswordResetSentPage.as_view(), name="password_reset_done"),
    path("password/reset/done", passwords.PasswordResetDonePage.as_view(), name="password_reset_complete"),
    path(
        "password/reset/<uidb64>/<token>", passwords.PasswordResetConfirmPage.as_view(), name="password_reset_confirm"
    ),
]
