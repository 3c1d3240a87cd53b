from django.contrib.auth.views import LoginView

from accounts.pages.labels import BareLabels

# Whom a link or a sign-up signs in is known already; the other backend only counts failed passwords.
BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInPage(BareLabels, LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True
    extra_context = {"title": "Sign in", "button": "Sign in"}
