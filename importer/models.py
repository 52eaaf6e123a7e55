"""People from address books, the imports that brought them, and the access that was used for it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from importer.addresses import REFUSALS, Kind
from importer.cleaning import REASONS


class Purpose(models.TextChoices):
    """What an access was asked for."""

    READ = "read", "Read the whole address book"
    LOOK_UP = "look_up", "Look people up"


class ImportState(models.TextChoices):
    """Where an import is. `waiting` and `reading` go on by themselves, `looking` at a member's word."""

    WAITING = "waiting", "Waiting"
    READING = "reading", "Reading"
    LOOKING = "looking", "Looking people up"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"


GOING_ON = [ImportState.WAITING.value, ImportState.READING.value]
OPEN = [*GOING_ON, ImportState.LOOKING.value]


class Revocation(models.TextChoices):
    """What became of our access at the provider, once an import was over."""

    REVOKED = "revoked", "Revoked"
    ENDED = "ended", "The provider had ended it already"
    IMPOSSIBLE = "impossible", "The provider can't end a single access"
    FAILED = "failed", "The provider could not be asked"


class Import(models.Model):
    """One reading of one address book, or one look-up in it. Without its people it says nothing.

    read = kept + merged + left_out, in people; of a look-up they are those who were picked. `cursor` is
    where to go on after the stored pages.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # NULL once the member is gone: the access must still be revoked, then the row goes too.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="imports"
    )
    source = models.CharField(max_length=40)
    source_label = models.CharField(max_length=80)
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.READ)
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.WAITING
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)  # when its people were erased

    cursor = models.TextField(blank=True)
    seen = models.JSONField(default=list)  # short hashes of cursors and pages, to notice a loop
    pages = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    estimated_total = models.PositiveIntegerField(null=True)

    # When the worker that reads took its turn, and at how many people: from these comes the speed.
    turn_at = models.DateTimeField(null=True)
    turn_read = models.PositiveIntegerField(default=0)
    lease = models.UUIDField(null=True)  # the worker that may write; another value fences it off
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # failed ones since the last stored page
    error = models.CharField(max_length=30, blank=True)  # a key of contract.PROBLEMS
    revocation = models.CharField(max_length=10, choices=Revocation.choices, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "-id"], name="importer_import_by_member"),
            models.Index(
                fields=["not_before"],
                condition=Q(state__in=GOING_ON),
                name="importer_import_going_on",
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.uid}"

    @property
    def going_on(self) -> bool:
        """Whether it will read more by itself."""
        return self.state in GOING_ON


class Grant(models.Model):
    """An OAuth token for one import, encrypted. Revoked and deleted when `ends_at` has come.

    An import that is over moves `ends_at` to the present; GRANT_MINUTES after `created_at` it is
    deleted whatever the provider says. For looking people up: `ready` once the provider has been
    told to prepare its search, and how often it was `asked` in the minute since `asked_since`.
    """

    import_run = models.OneToOneField(Import, on_delete=models.CASCADE, related_name="grant")
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    refreshed = models.BooleanField(default=False)
    ready = models.BooleanField(default=False)
    asked = models.PositiveSmallIntegerField(default=0)
    asked_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"grant of import {self.import_run_id}"


class Upload(models.Model):
    """What a member's file says of people, until it is read; UPLOAD_MINUTES at most.

    The file itself is never stored. Without an import the pages hold the rows of a table, and wait
    for the member to say what its columns are; with one they hold people.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    import_run = models.OneToOneField(
        Import, null=True, on_delete=models.CASCADE, related_name="upload"
    )
    entries = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"upload {self.uid}"


class UploadPage(models.Model):
    """Some people or rows of an upload, encrypted like a grant."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField()  # from 0
    ciphertext = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="importer_upload_page_once"),
        ]

    def __str__(self) -> str:
        return f"page {self.number} of upload {self.upload_id}"


class Contact(models.Model):
    """One person from a member's address books.

    `best_address` is where an invitation would go, in the ASCII form for mail servers; with a
    `refusal` (a key of REFUSALS) it is only to be shown, and may be empty. `flags` are keys of
    FLAGS.
    """

    # The indexes below begin with the member.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contacts", db_index=False
    )
    import_run = models.ForeignKey(
        Import, null=True, on_delete=models.SET_NULL, related_name="contacts"
    )
    source = models.CharField(max_length=40)
    source_label = models.CharField(max_length=80)
    person_key = models.CharField(max_length=32, null=True)  # the same entry, read again
    name = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    phone_country = models.CharField(max_length=3, blank=True)
    best_address = models.CharField(max_length=254, blank=True)
    best_kind = models.CharField(
        max_length=7, choices=[(kind.value, kind.value) for kind in Kind], blank=True
    )
    refusal = models.CharField(max_length=12, blank=True)
    flags = models.JSONField(default=list)
    search = models.TextField(blank=True)
    sort_name = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "source", "person_key"], name="importer_contact_once_per_source"
            ),
        ]
        indexes = [
            # The choose page: everybody, or only who can be invited, by name, a page at a time.
            models.Index(
                fields=["member", "sort_name", "id", "refusal"], name="importer_contact_listed"
            ),
            models.Index(fields=["created_at"], name="importer_contact_by_age"),
        ]

    def __str__(self) -> str:
        return f"contact {self.pk}"

    @property
    def display_name(self) -> str:
        """The name, or the address of someone who is known by nothing else."""
        return self.name or self.best_address

    @property
    def can_be_invited(self) -> bool:
        """Whether there is an address to which an invitation could go."""
        return self.refusal == ""

    @property
    def refusal_words(self) -> str:
        """Why this person can't be invited; "" when they can."""
        return REFUSALS.get(self.refusal, "")

    @property
    def flag_words(self) -> list[str]:
        """What to think of before choosing this person."""
        return [FLAGS[flag] for flag in self.flags if flag in FLAGS]


FLAGS = {
    "autosaved": "Saved by itself from your mail",
    "private": "Private address",
    "stale": "Entry not changed for years",
    "nameless": "No name",
    "several": "Several addresses",
}


class ContactAddress(models.Model):
    """One e-mail address of a contact: as written, for mail servers, and for comparing."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="addresses")
    member = models.ForeignKey(  # the constraint's index begins with it
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    address = models.CharField(max_length=254)
    envelope = models.CharField(max_length=254, blank=True)
    # Case folding may lengthen a local part of 64 bytes.
    normalised = models.CharField(max_length=320)
    kind = models.CharField(max_length=7, choices=[(kind.value, kind.value) for kind in Kind])
    refusal = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name_plural = "contact addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "normalised"], name="importer_address_once_per_member"
            ),
        ]

    def __str__(self) -> str:
        return f"address {self.pk}"

    @property
    def refusal_words(self) -> str:
        """Why nothing can be sent there; "" when it can."""
        return REFUSALS.get(self.refusal, "")


class DirectoryPage(models.Model):
    """Some of a member's people as lines of text, to search and to leaf. See directory.py."""

    member = models.ForeignKey(  # the constraint's index begins with it
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    number = models.PositiveIntegerField()  # from 0, in the order of the choose page
    people = models.PositiveIntegerField()
    choosable = models.PositiveIntegerField()
    lines = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "number"], name="importer_directory_page_once"
            ),
        ]

    def __str__(self) -> str:
        return f"page {self.number} of the directory of member {self.member_id}"


class LeftOut(models.Model):
    """Something that an import could not keep: why, and what it was. Goes when its people go.

    `contact` is set when the person was kept and only this address was not.
    """

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    import_run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="left_out_rows")
    contact = models.ForeignKey(
        Contact, null=True, on_delete=models.CASCADE, related_name="left_out_rows"
    )
    number = models.PositiveIntegerField()  # of the person in the book, counted from 1
    reason = models.CharField(
        max_length=20, choices=[(code, words) for code, words in REASONS.items()]
    )
    name = models.CharField(max_length=200, blank=True)
    raw = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "left out"
        indexes = [models.Index(fields=["import_run", "number"], name="importer_left_out_in_order")]

    def __str__(self) -> str:
        return f"left out {self.pk}"


class MergedEntry(models.Model):
    """An entry that was somebody who was here already: what it said, and with whom it is one now.

    Goes when that person goes, and when the report's people are forgotten.
    """

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    import_run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="merged_entries")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="merged_entries")
    number = models.PositiveIntegerField()  # of the person in the book, counted from 1
    name = models.CharField(max_length=200, blank=True)
    # By which they are one; "" when it is the same entry of the book, read again.
    address = models.CharField(max_length=254, blank=True)

    class Meta:
        verbose_name_plural = "merged entries"
        indexes = [models.Index(fields=["import_run", "number"], name="importer_merged_in_order")]

    def __str__(self) -> str:
        return f"merged entry {self.pk}"


class AwaitedFile(models.Model):
    """A member has asked LinkedIn for their file, or wants to. It waits for as long as they like.

    `mailed_at` is when we last mailed them a link to go on at a computer.
    """

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    since = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"file awaited by member {self.member_id}"


class LastClick(models.Model):
    """When a member last did something (a POST). A day later, who was not chosen is forgotten."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"last click of member {self.member_id}"
