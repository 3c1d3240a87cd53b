"""Users, as staff see them: who they are, what they may do, how they get back in."""

from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from accounts import links, lockout, mail, reauthentication, rights, second_factor
from accounts.logged import LoggedAdmin, Unchangeable
from accounts.models import User, WalletAddress
from conway.common.generics import TabularInline
from conway.common.keyset_pagination import KeysetAdmin
from conway.common.versions import VersionedAdmin, VersionedForm

RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
LAST_SUPERUSER = "the last active superuser stays"


def is_colleague(user: User) -> bool:
    """Who is staff, or would have rights at once if they were made staff."""
    return user.is_staff or user.is_superuser or user.groups.exists() or user.user_permissions.exists()


class UserForm(VersionedForm):
    unversioned = ("last_login", "password", "tokens_valid_after")

    class Meta:
        model = User
        fields = ("email", "name", "concurrency", *RIGHTS)
        help_texts: ClassVar[dict[str, str]] = {
            "email": "A new one is theirs, and staff can pay to it, once they open the link that we mail there. "
            "The present one stays until then: empty it for somebody who has lost that mailbox."
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "user_permissions" in self.fields:
            offered = cast("forms.ModelMultipleChoiceField[Permission]", self.fields["user_permissions"])
            offered.queryset = rights.with_effect()


class WalletInline(Unchangeable, TabularInline[WalletAddress, User]):
    model = WalletAddress
    fields = readonly_fields = ("checksummed", "kind", "created_at")
    extra = 0


@admin.register(User)
class UserAdmin(LoggedAdmin, VersionedAdmin, KeysetAdmin):
    form = UserForm
    has_popups = True
    inlines = (WalletInline,)
    list_display = ("display_name", "address", "is_active", "is_staff", "date_joined", "last_login")
    export_columns = (
        "display_name", "email", "claimed_email", "is_active", "is_staff", "date_joined", "last_login",
    )  # fmt: skip
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "claimed_email", "name", "=id", "wallets__address")
    search_help_text = "Email address, name, user id or wallet address"
    readonly_fields = ("date_joined", "last_login", "keys", "signs_in_with", "unproven")
    fieldsets = (
        (None, {"fields": ("email", "unproven", "name", "signs_in_with", "keys")}),
        ("Rights", {"fields": RIGHTS}),
        ("Limits", {"fields": ("concurrency",)}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name"), "description": "Send a link afterwards: with it they set a password."}),
    )
    actions = ("deactivate", "reactivate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("wallets")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        return super().get_search_results(request, queryset, search_term.replace("\x00", "").lower())

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """No list is a way to guess at a password's hash."""
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, cast(HttpRequest, request))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    @admin.display(description="API keys")
    def keys(self, user: User) -> str:
        listed = reverse("admin:accounts_apikey_changelist")
        return format_html('<a href="{}?user__id__exact={}">Keys of this user</a>', listed, user.pk)

    @admin.display(description="email address")
    def address(self, user: User) -> str:
        """What somebody only typed never looks like what is theirs."""
        return user.email or (f"{user.claimed_email} (unproven)" if user.claimed_email else "")

    @admin.display(description="not proven yet", empty_value="")
    def unproven(self, user: User) -> str | None:
        return user.claimed_email

    @admin.display(description="signs in with")
    def signs_in_with(self, user: User) -> str:
        ways = ["a password"] * user.has_usable_password() + ["a wallet"] * bool(user.wallets.all())
        return " or ".join(ways) or "nothing yet"

    # Who may change whom

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and not request.user.is_superuser and (obj.pk == request.user.pk or is_colleague(obj)):
            return False
        return super().has_change_permission(request, obj)

    def may_change_rights(self, request: HttpRequest, user: User) -> bool:
        return user.pk != request.user.pk and self.has_change_permission(request, user)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Superusers give rights; who is no superuser may (re)activate a customer. Nobody does either to themselves."""
        mine = obj is not None and obj.pk == request.user.pk
        kept = RIGHTS if mine else () if request.user.is_superuser else RIGHTS[1:]
        return (*super().get_readonly_fields(request, obj), *kept)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            self.tell_of_address(request, obj, before=form.initial.get("email"), new=obj.email)

    def tell_of_address(self, request: HttpRequest, user: User, *, before: str | None, new: str | None) -> None:
        """The database has made a claim of it where somebody uses the account (migration 0012)."""
        user.refresh_from_db(fields=["email", "email_proven_at", "claimed_email"])
        if new and user.email != new:
            stays = f"; until then {user.email} stays" if user.email else ""
            transaction.on_commit(partial(links.send, user, request), robust=True)
            self.message_user(request, f"{new} is theirs once they open the link that we have sent there{stays}.")
        elif before:
            mail.tell_of_new_email(before, user, by_staff=True)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError as error:
            self.tell_of_last_superuser(request, error)
            return redirect(request.path)

    def tell_of_last_superuser(self, request: HttpRequest, error: IntegrityError) -> None:
        if LAST_SUPERUSER not in str(error):
            raise error
        self.message_user(request, "Nothing was saved: one active superuser has to stay.", messages.ERROR)

    # What staff do

    @admin.action(description="Deactivate: no sign-in, no key works", permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.set_active(request, users, False)

    @admin.action(description="Reactivate", permissions=["change"])
    def reactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.set_active(request, users, True)

    def set_active(self, request: HttpRequest, users: QuerySet[User], is_active: bool) -> None:
        changed = [user for user in users if self.may_change_rights(request, user) and user.is_active != is_active]
        word = "Reactivated" if is_active else "Deactivated"
        try:
            with transaction.atomic():
                User.objects.filter(pk__in=[user.pk for user in changed]).update(is_active=is_active)
                for user in changed:
                    self.log_change(request, user, word)
        except IntegrityError as error:
            return self.tell_of_last_superuser(request, error)
        self.message_user(request, f"{word} {len(changed)} of {len(users)} user{'s' * (len(users) != 1)}.")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        is_id = object_id.isdecimal() and len(object_id) < 19
        user = User.objects.filter(pk=int(object_id)).first() if is_id else None
        can_unlock = user is not None and self.has_unlock_permission(request) and lockout.is_locked(user)
        can_reset = user is not None and self.may_reset_second_factor(request, user) and second_factor.is_set_up(user)
        offered = {"can_unlock": can_unlock, "can_reset_second_factor": can_reset}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **offered})

    def get_urls(self) -> list[URLPattern]:
        unlock = path("<int:user_id>/unlock/", self.admin_site.admin_view(self.unlock), name="accounts_user_unlock")
        send = self.admin_site.admin_view(self.send_password_link)
        link = path("<int:user_id>/send-password-link/", send, name="accounts_user_password_link")
        reset = self.admin_site.admin_view(self.reset_second_factor)
        second = path("<int:user_id>/reset-second-factor/", reset, name="accounts_user_reset_second_factor")
        return [link, unlock, second, *super().get_urls()]

    @method_decorator(require_POST)
    def send_password_link(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Mails the owner, and shows nobody else, a link with which they set a password."""
        user = self.get_queryset(request).filter(pk=user_id).first()
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        if not user.typed_email or not user.is_active:
            self.message_user(request, "A link goes to active users with an email address.", messages.ERROR)
        else:
            address = links.send_way_in(user, request)
            self.log_change(request, user, "Sent a link to set a password")
            self.message_user(request, f"A link to set a password is on its way to {address}.")
        return redirect("admin:accounts_user_change", user.pk)

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.unlock_user")

    @method_decorator(require_POST)
    def unlock(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Forgets the failed passwords of this account, wherever they were typed."""
        user = self.get_queryset(request).filter(pk=user_id).first()
        if user is None or not self.has_unlock_permission(request):
            raise PermissionDenied
        lockout.unlock(user)
        self.log_change(request, user, f"Unlocked {user}")
        self.message_user(request, f"The failed sign-ins of {user} are forgotten.")
        return redirect("admin:accounts_user_change", user.pk)

    def may_reset_second_factor(self, request: HttpRequest, user: User) -> bool:
        """Superusers may, and for somebody else only: a factor that its holder resets by a password is none."""
        return bool(request.user.is_superuser) and user.pk != request.user.pk

    @method_decorator(require_POST)
    def reset_second_factor(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Helps whoever lost their factor. They are signed out, told by mail, and set up another when they sign in."""
        user = self.get_queryset(request).filter(pk=user_id).first()
        if user is None or not self.may_reset_second_factor(request, user):
            raise PermissionDenied
        page = reverse("admin:accounts_user_change", args=[user.pk])
        if not reauthentication.is_recently_confirmed(request):
            return redirect(f"{reverse('confirm')}?{urlencode({'next': page})}")
        second_factor.reset(user)
        self.log_change(request, user, f"Reset the second factor of {user}")
        self.message_user(request, f"The second factor of {user} is reset, and they are signed out.")
        return redirect(page)
