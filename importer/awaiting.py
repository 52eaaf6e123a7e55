"""A member who waits for LinkedIn's file: LinkedIn takes minutes or a day, and we remind nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

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


def mailed(waiting: AwaitedFile | None) -> datetime | None:
    """When the link was mailed, if that is too short a time ago to mail it again."""
    if waiting is None or waiting.mailed_at is None or waiting.mailed_at <= _long_ago():
        return None
    return waiting.mailed_at


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
    long_ago = Q(mailed_at=None) | Q(mailed_at__lte=_long_ago())
    waiting = AwaitedFile.objects.filter(long_ago, member_id=member.pk)
    if not waiting.update(mailed_at=clock.now()):
        raise MailedAlready


def _long_ago() -> datetime:
    return clock.now() - timedelta(minutes=MAIL_AGAIN_MINUTES)


def _record(action: str, member: AbstractBaseUser) -> None:
    subject = subjects.of_member(member.pk)
    entries.append([Event(action, subject, subject)])
