"""Personal links: the page that will be behind one, the one that was made, and its end."""

from __future__ import annotations

from uuid import UUID

import segno
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from importer.models import Contact
from invites.actions import linking, outcomes
from invites.actions.linking import LinkPage, LinkRefused, PageChanged
from invites.actions.links import link_of
from invites.forms import LinkForm
from invites.models import PersonalLink, Relationship
from invites.views.members import MemberRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: MemberRequest, contact: int) -> HttpResponse:
    """GET asks. POST shows the page that the link will lead to, and, with its digest, makes the link."""
    person = get_object_or_404(Contact, member=request.user, pk=contact)
    if made := link_of(request.user, person):
        return redirect("invites:link", made.uid)
    if linking.contact_for(member=request.user, contact=contact) is None:
        raise Http404
    if request.method != "POST":
        return _form(request, person, LinkForm())
    form = LinkForm(request.POST)
    form.is_valid()
    shown: LinkPage | None = None
    try:
        shown = linking.preview(
            member=request.user,
            contact=person,
            relationship=form.cleaned_data["relationship"],
            relationship_words=form.cleaned_data["relationship_words"],
            text=form.cleaned_data["words"],
        )
        if "make" not in request.POST:
            return _form(request, person, form, shown)
        digest = request.POST.get("digest", "")
        link = linking.confirm(member=request.user, contact=contact, page=shown, digest=digest)
    except PageChanged as changed:
        return _form(request, person, form, shown, changed=str(changed), status=409)
    except LinkRefused as refusal:
        form.add_error(None, str(refusal))
        return _form(request, person, form, shown, status=422)
    return redirect("invites:link", link.uid)


@never_cache
@require_safe
def show(request: MemberRequest, uid: UUID) -> HttpResponse:
    """The link, its QR code, what is behind it, and what became of it."""
    link = get_object_or_404(PersonalLink, uid=uid, sender=request.user)
    is_open = linking.is_open(link)
    address = linking.address_of(link) if is_open else ""
    context = {
        "link": link,
        "page": linking.page_of(link),
        "address": address,
        "qr": _qr(address) if is_open else "",
        "held": outcomes.is_held(request.user),
        "contact": settings.INVITATIONS_ADDRESS,
    }
    return render(request, "invites/link.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: MemberRequest, uid: UUID) -> HttpResponse:
    """GET asks, POST closes the page behind the link for good."""
    link = get_object_or_404(PersonalLink, uid=uid, sender=request.user)
    if request.method != "POST":
        return render(request, "invites/withdraw_link.html", {"link": link})
    if linking.withdraw(member=request.user, uid=uid):
        messages.success(request, "The link is withdrawn. Its page is closed.")
    return redirect("invites:link", uid)


def _form(
    request: MemberRequest,
    person: Contact,
    form: LinkForm,
    shown: LinkPage | None = None,
    *,
    changed: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "step": "A personal link",
        "person": person,
        "form": form,
        "page": shown,
        "changed": changed,
        "relationships": Relationship.choices,
    }
    return render(request, "invites/make_link.html", context, status=status)


def _qr(address: str) -> SafeString:
    """The address as a picture in the page itself: no other server hears of it."""
    # https://segno.readthedocs.io/en/latest/api.html#segno.QRCode.svg_inline
    code = segno.make_qr(address, error="m")
    return mark_safe(  # noqa: S308 (made of squares alone)
        code.svg_inline(scale=6, dark="#000", light="#fff", svgclass="qr-code", lineclass=None)
    )
