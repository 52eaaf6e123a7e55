"""A member who waits for LinkedIn's file: LinkedIn takes minutes or a day, and we remind nobody."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from importer.actions import touch
from importer.models import AwaitedFile
from ledger import clock, entries, subjects
from ledger.entries import Event

MAIL_AGAIN_MINUTES = 60


class MailedAlready(Exception):
    """The link was mailed less than MAIL_AGAIN_MINUTES ago."""


def awaited(member: AbstractBaseUser) -> AwaitedFile | None:
    """What the member waits for, if they said so."""
    return AwaitedFile.objects.filter(member_id=member.pk).first()


@transaction.atomic
def begin(*, member: AbstractBaseUser) -> None:
    """The member has asked LinkedIn for the file. Twice is the same as once."""
    touch(member)
    _, is_new = AwaitedFile.objects.get_or_create(
        member_id=member.pk, defaults={"since": clock.now()}
    )
    if is_new:
        _record("file.awaited", member)


@transaction.atomic
def end(*, member: AbstractBaseUser) -> None:
    """The member waits no longer. Twice is the same as once."""
    touch(member)
    if AwaitedFile.objects.filter(member_id=member.pk).delete()[0]:
        _record("file.not_awaited", member)


def take_turn_to_mail(*, member: AbstractBaseUser) -> None:
    """Notes that a link is mailed now, in the caller's transaction. Raises MailedAlready."""
    begin(member=member)
    at = clock.now()
    long_ago = Q(mailed_at=None) | Q(mailed_at__lte=at - timedelta(minutes=MAIL_AGAIN_MINUTES))
    if not AwaitedFile.objects.filter(long_ago, member_id=member.pk).update(mailed_at=at):
        raise MailedAlready


def _record(action: str, member: AbstractBaseUser) -> None:
    subject = subjects.of_member(member.pk)
    entries.append([Event(action, subject, subject)])
