"""What somebody is told, and where: thresholds, webhooks, and what was delivered to them."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from conway.common import outgoing
from conway.common.generics import ModelForm
from credits import webhooks
from credits.models import NoticeSettings, Webhook, WebhookDelivery

DELIVERIES_SHOWN = 50


class NoticeForm(ModelForm[NoticeSettings]):
    class Meta:
        model = NoticeSettings
        fields = ("low_days", "by_email", "weekly")


class WebhookForm(forms.Form):
    url = forms.URLField(label="Address", max_length=500, assume_scheme="https")
    events = forms.MultipleChoiceField(
        label="Tell it of", choices=Webhook.Event.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.user = user

    def clean_url(self) -> str:
        try:
            outgoing.allowed_address(self.cleaned_data["url"])
        except outgoing.NotAllowed as error:
            raise forms.ValidationError(str(error)) from error
        except ValueError as error:
            raise forms.ValidationError("This is no address of a host.") from error
        return str(self.cleaned_data["url"])

    def clean(self) -> dict[str, Any] | None:
        if Webhook.objects.filter(user=self.user, removed_at=None).count() >= webhooks.MOST:
            raise forms.ValidationError(f"{webhooks.MOST} webhooks are in use; remove one first.")
        return super().clean()


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notifications_page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    kept = NoticeSettings.objects.filter(user=user).first() or NoticeSettings(user=user)
    is_webhook = "url" in request.POST
    form = NoticeForm(None if is_webhook else request.POST or None, instance=kept, label_suffix="")
    hook = WebhookForm(request.POST if is_webhook else None, user=user)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("notifications")
    if hook.is_valid():
        added = webhooks.add(user, hook.cleaned_data["url"], hook.cleaned_data["events"])
        messages.success(request, f"{added} is told from now on.")
        return redirect("notifications")
    living = Webhook.objects.filter(user=user, removed_at=None).order_by("pk")
    log = WebhookDelivery.objects.filter(webhook__user=user).select_related("webhook").order_by("-created_at")
    context = {
        "form": form,
        "hook": hook,
        "webhooks": living,
        "deliveries": log[:DELIVERIES_SHOWN],
        "email": user.email,
    }
    return render(request, "credits/notifications.html", context, status=400 if form.errors or hook.errors else 200)


@login_required
@require_POST
def remove_webhook(request: HttpRequest, pk: int) -> HttpResponse:
    hook = get_object_or_404(Webhook, pk=pk, user=request.user.pk, removed_at=None)
    hook.removed_at = now()
    hook.save(update_fields=["removed_at"])
    messages.success(request, f"{hook} is told nothing more.")
    return redirect("notifications")


@login_required
@require_POST
def send_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(WebhookDelivery, pk=pk, webhook__user=request.user.pk, webhook__removed_at=None)
    webhooks.send_again(row)
    messages.success(request, "The event is sent again within seconds.")
    return redirect("notifications")
