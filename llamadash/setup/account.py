"""Step 1: whoever holds the one-time link from the terminal makes the first account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from agent_app import setup_link

MARK: Final = "setup_mark"  # the key in the session of what proves that the link was opened
BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


if TYPE_CHECKING:
    BaseForm = BaseUserCreationForm[User]
else:  # generic in the stubs only
    BaseForm = BaseUserCreationForm


class AccountForm(BaseForm):
    def save(self, commit: bool = True) -> Any:
        self.instance.is_staff = self.instance.is_superuser = True
        return super().save(commit)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    if not setup_link.is_open():
        return redirect("setup:folder" if request.user.is_authenticated else "login")
    if request.method != "POST" and "token" in request.GET:
        return arrive(request, request.GET["token"])
    mark = request.session.get(MARK)
    if mark is None:
        return render(request, "setup/link_needed.html", {"step": "account"}, status=403)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return make(request, form, mark)
    status = 422 if form.errors else 200
    return render(request, "setup/account.html", {"step": "account", "form": form}, status=status)


def arrive(request: HttpRequest, token: str) -> HttpResponse:
    """The token leaves the address at once: addresses end up in histories and logs."""
    mark = setup_link.check(token)
    if mark is None:
        facts = {"step": "account", "was_wrong": True}
        return render(request, "setup/link_needed.html", facts, status=403)
    request.session[MARK] = mark
    return redirect("setup:account")


def make(request: HttpRequest, form: AccountForm, mark: str) -> HttpResponse:
    with transaction.atomic():
        if not setup_link.claim(mark):
            request.session.pop(MARK, None)
            facts = {"step": "account", "was_wrong": True}
            return render(request, "setup/link_needed.html", facts, status=403)
        user = form.save()
    login(request, user, backend=BACKEND)
    request.session.pop(MARK, None)
    return redirect("setup:folder")
