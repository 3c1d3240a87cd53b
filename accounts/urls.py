from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from accounts.api.keys import KeysView, KeyView
from accounts.api.me import MeView
from accounts.api.sign_in import NonceView, RefreshView, TokenView, VerifyView
from accounts.api.sign_in_link import SignInLinkView
from accounts.pages import EmailAndPasswordPage, SignInLinkPage

api_urlpatterns = [
    path("v1/auth/token", TokenView.as_view()),
    path("v1/auth/refresh", RefreshView.as_view()),
    path("v1/auth/nonce", NonceView.as_view()),
    path("v1/auth/verify", VerifyView.as_view()),
    path("v1/auth/me", MeView.as_view()),
    path("v1/auth/sign-in-link", SignInLinkView.as_view()),
    path("v1/auth/api-keys", KeysView.as_view()),
    path("v1/auth/api-keys/<int:pk>", KeyView.as_view()),
]

urlpatterns = [
    *api_urlpatterns,
    path("sign-in", LoginView.as_view(template_name="accounts/sign_in.html"), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("sign-in/email-and-password", EmailAndPasswordPage.as_view(), name="email-and-password"),
    path("sign-in/link/<str:secret>", SignInLinkPage.as_view(), name="sign-in-link"),
]
