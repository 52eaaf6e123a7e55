"""The weekly look at what recipients answered: who may invite fewer people, or nobody for now."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat

from invites import scopes, trust
from invites.actions import holding
from invites.consent import WITHDRAWABLE_STATES
from invites.models import Hold, Invitation
from invites.recipients.models import AGAINST_THE_SENDER, Standing
from invites.trust import Verdict
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member

WEIGHED_DAYS = 90  # answers to what left longer ago count no more
WHY_HELD = "Many recipients answered that they don't know the sender, or not in that way."


def weigh_answers() -> dict[Verdict, int]:
    """Looks at every sender with enough recipients; returns how many senders got which verdict."""
    counts = dict.fromkeys(Verdict, 0)
    seen = []
    for sender, recipients, against in _answers():
        found = trust.verdict(recipients=recipients, against=against)
        counts[found] += 1
        seen.append(sender.pk)
        _apply(sender, found)
    # Whoever has too few recipients to be looked at has nothing to be limited by.
    for standing in Standing.objects.exclude(sender_id__in=seen).select_related("sender"):
        _apply(standing.sender, Verdict.FULL)
    return counts


def allowance(member: User) -> int:
    """How many invitations a period has for this member."""
    usual: int = settings.INVITATIONS_PER_PERIOD
    standing = Standing.objects.filter(sender=member).first()
    return min(usual, standing.allowance) if standing else usual


def has_fewer(member: User) -> bool:
    """Whether the weekly look left this member with fewer invitations. Reads only."""
    return Standing.objects.filter(sender=member).exists()


def _answers() -> list[tuple[User, int, int]]:
    """Per sender with enough of them: recipients, and how many of them answered against the sender.

    Who can't be invited counts as one who gave no answer: with four mailboxes of their own, a sender
    could else learn from the limit whether the fifth person was reached.
    A person who has lifted a sender's hold has weighed all that went before.
    """
    lifted = (
        Hold.objects.filter(
            scope=Concat(Value(f"{scopes.SENDER}:"), Cast(OuterRef("sender_id"), CharField())),
            lifted_at__isnull=False,
        )
        .order_by()
        .values("scope")
        .annotate(last=Max("lifted_at"))
        .values("last")
    )
    since = clock.now() - timedelta(days=WEIGHED_DAYS)
    rows = (
        Invitation.objects.filter(state__in=WITHDRAWABLE_STATES, finished_at__gt=since)
        .annotate(looked_at=Coalesce(Subquery(lifted), Value(since), output_field=DateTimeField()))
        .filter(finished_at__gt=F("looked_at"))
        .values("sender_id")
        .annotate(
            recipients=Count("id"),
            against=Count(
                "id", filter=Q(answer__kind__in=AGAINST_THE_SENDER) | Q(case__isnull=False)
            ),
        )
        .filter(recipients__gte=trust.FEWEST)
        .values_list("sender_id", "recipients", "against")
    )
    found = {sender: (recipients, against) for sender, recipients, against in rows}
    return [(user, *found[user.pk]) for user in User.objects.filter(pk__in=found)]


@transaction.atomic
def _apply(sender: User, found: Verdict) -> None:
    """Puts a verdict into effect. The ledger has no numbers by which answers could be told."""
    before = Standing.objects.filter(sender=sender).first()
    if found is Verdict.HELD:
        holding.brake(scopes.of_sender(sender.pk), reason=WHY_HELD)
    if found is Verdict.FULL:
        if before:
            before.delete()
    else:
        Standing.objects.get_or_create(
            sender=sender,
            defaults={
                "allowance": trust.fewer(settings.INVITATIONS_PER_PERIOD),
                "since": clock.now(),
            },
        )
    if (before is None) != (found is Verdict.FULL):
        append([Event("sender.weighed", of_member(sender.pk), facts={"verdict": found.value})])
