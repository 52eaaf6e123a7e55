"""Tables of the journey from draft to outcome, and what is true of one row of each."""

from __future__ import annotations

import uuid

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from importer.models import Contact
from invites import figure_models, mail_models, staff_models  # noqa: F401 (so that Django finds them)
from invites.consent import DRAFT_STATES, LEAVES_ROOM, State
from invites.recipients import models as _recipients  # noqa: F401 (so that Django finds them)

# Plain text, as constraints and migrations want it.
CHOSEN, CONFIRMED, UNKNOWN = State.CHOSEN.value, State.CONFIRMED.value, State.UNKNOWN.value
WITH_A_WORKER = [State.CLAIMED.value, State.SENDING.value]
IN_DRAFT = sorted(state.value for state in DRAFT_STATES)
MAKES_ROOM = sorted(state.value for state in LEAVES_ROOM)
AFTER_REVIEW = [state.value for state in State if state is not State.CHOSEN]
AFTER_CONFIRMATION = [state.value for state in State if state not in DRAFT_STATES]


class Relationship(models.TextChoices):
    """How the sender says they know the recipient. Stating one is what 'invite' means."""

    WORKED = "worked", "Worked together"
    BUSINESS = "business", "Client or supplier"
    FIELD = "field", "Met in our field"
    FRIEND = "friend", "Friend"
    OTHER = "other", "Other…"


class SetAside(models.TextChoices):
    """A decision not to invite, of equal weight, which tells nobody."""

    NOT_NOW = "not_now", "Not now"
    DONT_KNOW = "dont_know", "I don't really know them"
    NEVER = "never", "Never"


class Draft(models.Model):
    """A member's one open draft: the note, and until when everything is kept for them."""

    sender = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="draft"
    )
    note = models.TextField(blank=True)
    kept_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Batch(models.Model):
    """What was confirmed at once: the count and the fingerprint that stood on the page."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, db_index=False, on_delete=models.PROTECT, related_name="batches"
    )
    fingerprint = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField()
    confirmed_at = models.DateTimeField()
    not_before = models.DateTimeField()
    receipt_sent_at = models.DateTimeField(null=True)
    receipt_attempts = models.PositiveSmallIntegerField(default=0)
    receipt_after = models.DateTimeField(null=True)  # after a refusal: not before
    disowned_at = models.DateTimeField(null=True)  # "this wasn't me"

    class Meta:
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["sender", "id"], name="invites_batch_by_sender"),
            models.Index(
                fields=["id"], condition=Q(receipt_sent_at=None), name="invites_batch_no_receipt"
            ),
        ]

    def __str__(self) -> str:
        return self.short_fingerprint

    @property
    def short_fingerprint(self) -> str:
        """Eight characters, the same on the check, sent and recipient pages."""
        return self.fingerprint[:8]


class Invitation(models.Model):
    """One person, one mail. `consent.TRANSITIONS` lists how `state` may change."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="invitations",
    )
    # The contact is forgotten long before the invitation, so what is needed of it stands here too.
    contact = models.ForeignKey(
        Contact, null=True, on_delete=models.SET_NULL, related_name="invitations"
    )
    recipient_name = models.CharField(max_length=200, blank=True)
    recipient_address = models.CharField(max_length=254, blank=True)
    recipient_hash = models.CharField(max_length=64, null=True)
    domain_hash = models.CharField(max_length=64, null=True)  # whose owner may stop invitations
    source = models.CharField(max_length=40)
    source_label = models.CharField(max_length=80)
    # base64url of SHA-256 of the secret token; the token itself is derived and stored nowhere.
    token_hash = models.CharField(max_length=43, unique=True)

    set_aside = models.CharField(max_length=10, choices=SetAside.choices, blank=True)
    relationship = models.CharField(max_length=10, choices=Relationship.choices, blank=True)
    relationship_words = models.CharField(max_length=80, blank=True)
    own_line = models.CharField(max_length=300, blank=True)

    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in State], default=CHOSEN
    )
    chosen_at = models.DateTimeField()
    reviewed_digest = models.CharField(max_length=64, null=True)
    confirmed_digest = models.CharField(max_length=64, null=True)
    # Of the note that was confirmed, the same for everybody who wrote the same; see confirming.wording.
    wording = models.CharField(max_length=12, blank=True, db_default="")
    batch = models.ForeignKey(
        Batch, null=True, on_delete=models.PROTECT, related_name="invitations"
    )
    send_after = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)  # when the last outcome was known
    server_reply = models.CharField(max_length=500, blank=True)

    # Facts beside the state.
    stopped_at = models.DateTimeField(null=True)  # by the recipient's word, or the site's
    withdrawn_at = models.DateTimeField(null=True)  # by the sender, after it left
    accepted_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)  # a server had taken it, and it came back

    class Meta:
        permissions = [("export_lists", "Can carry lists of invitations away")]
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "recipient_hash"],
                condition=~Q(state__in=MAKES_ROOM),
                name="invites_one_mail_per_recipient_and_sender",
            ),
            models.CheckConstraint(
                condition=Q(state=CHOSEN, reviewed_digest=None, confirmed_digest=None)
                | Q(state__in=AFTER_REVIEW, reviewed_digest__isnull=False) & ~Q(relationship=""),
                name="invites_reviewed_has_digest",
            ),
            models.CheckConstraint(
                condition=Q(state__in=IN_DRAFT, confirmed_digest=None, batch=None)
                | Q(
                    state__in=AFTER_CONFIRMATION,
                    confirmed_digest__isnull=False,
                    confirmed_digest=F("reviewed_digest"),
                    batch__isnull=False,
                    send_after__isnull=False,
                ),
                name="invites_confirmed_has_digest",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=WITH_A_WORKER) | Q(claim__isnull=False),
                name="invites_claimed_has_claim",
            ),
            models.CheckConstraint(
                condition=Q(set_aside="") | Q(state=CHOSEN),
                name="invites_set_aside_is_undecided",
            ),
        ]
        indexes = [
            models.Index(fields=["send_after"], condition=Q(state=CONFIRMED), name="invites_due"),
            models.Index(
                fields=["claim"], condition=Q(state__in=WITH_A_WORKER), name="invites_claimed"
            ),
            # In the place of the key's own index: with the order in which the desk shows them.
            models.Index(fields=["sender", "id"], name="invites_by_sender"),
            models.Index(fields=["recipient_hash"], name="invites_by_recipient"),
            models.Index(
                fields=["wording", "id"], condition=~Q(wording=""), name="invites_by_wording"
            ),
            models.Index(
                fields=["finished_at"], condition=Q(state=UNKNOWN), name="invites_unknown"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.uid}"

    @property
    def display_name(self) -> str:
        """The recipient's name, or the address of someone without one; "" once erased."""
        return self.recipient_name or self.recipient_address


class PreparedMail(models.Model):
    """The bytes of one mail as the card showed them, tokens as hashes. Written once, never changed."""

    invitation = models.OneToOneField(Invitation, on_delete=models.CASCADE, related_name="mail")
    raw = models.BinaryField()

    def __str__(self) -> str:
        return f"mail of invitation {self.invitation_id}"


class PersonalLink(models.Model):
    """The invitation of a person without an address: a link or its QR code that the member hands over.

    It has no address, no mail and no batch, and nothing that sends looks here. The words are those of
    the page that was confirmed, whatever its sender changes since. `person_hash` keeps it the only one
    for this person when the name is forgotten.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="personal_links"
    )
    contact = models.ForeignKey(
        Contact, null=True, on_delete=models.SET_NULL, related_name="personal_links"
    )
    person_hash = models.CharField(max_length=64)
    token_hash = models.CharField(max_length=43, unique=True)
    recipient_name = models.CharField(max_length=200, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    sender_first_name = models.CharField(max_length=200, blank=True)
    sender_address = models.CharField(max_length=254, blank=True)
    source_label = models.CharField(max_length=80)
    relationship = models.CharField(max_length=10, choices=Relationship.choices)
    relationship_words = models.CharField(max_length=80, blank=True)
    words = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    confirmed_at = models.DateTimeField()

    withdrawn_at = models.DateTimeField(null=True)  # by the sender
    accepted_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)  # by the person's word, or after a year

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "person_hash"], name="invites_one_link_per_person_and_sender"
            ),
            models.CheckConstraint(
                condition=~Q(relationship="") & ~Q(digest=""), name="invites_link_was_confirmed"
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(recipient_name="", words="", relationship_words="", sender_address=""),
                name="invites_erased_link_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"personal link {self.uid}"


class ConsentRecord(models.Model):
    """That a sender confirmed this exact mail. No foreign key, no personal data, never changed."""

    invitation_uid = models.UUIDField(unique=True)
    batch_uid = models.UUIDField()
    sender_subject = models.UUIDField()
    recipient_subject = models.UUIDField()
    digest = models.CharField(max_length=64)
    relationship = models.CharField(max_length=10)
    fingerprint = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    notice_version = models.CharField(max_length=20)
    confirmed_at = models.DateTimeField()
    not_before = models.DateTimeField()

    class Meta:
        permissions = [("take_evidence", "Can take the evidence of an invitation")]

    def __str__(self) -> str:
        return f"consent to {self.invitation_uid}"


class Claim(models.Model):
    """A worker's lease on the invitations that carry its uid. Silent for too long, it is over."""

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    lease_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"claim {self.uid}"


class AddressKey(models.Model):
    """That hashes in these tables were made under this key, which is needed for good to match them."""

    key_id = models.CharField(max_length=16, primary_key=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"address key {self.key_id}"


class Suppression(models.Model):
    """A keyed hash of an address that gets no invitation: from `sender`, or (NULL) from anyone.

    For good: only staff lift one (`lifted_at`), and a sender their own "never". `key_id` is "" and
    `normaliser` 0 where nobody can tell any more.
    """

    address_hash = models.CharField(max_length=64)
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    reason = models.CharField(max_length=40)
    key_id = models.CharField(max_length=16)
    normaliser = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.CharField(max_length=40, blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["address_hash"],
                condition=Q(sender=None, lifted_at=None),
                name="invites_suppressed_for_all",
            ),
            models.UniqueConstraint(
                fields=["address_hash", "sender"],
                condition=Q(lifted_at=None) & ~Q(reason=SetAside.NEVER.value),
                name="invites_suppressed_for_sender",
            ),
            # Apart, so that a recipient's stop neither shows as the sender's "never" nor goes with it.
            models.UniqueConstraint(
                fields=["address_hash", "sender"],
                condition=Q(reason=SetAside.NEVER.value),
                name="invites_never_by_sender",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lift_reason="")
                | Q(lifted_at__isnull=False) & ~Q(lift_reason=""),
                name="invites_lifted_has_reason",
            ),
        ]
        indexes = [models.Index(fields=["address_hash"], name="invites_suppressed_address")]

    def __str__(self) -> str:
        return f"suppression {self.pk}"


class MemberAddress(models.Model):
    """A verified address of a member, as the hash by which invitations know it. See joining.py."""

    email = models.OneToOneField(
        EmailAddress, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    address_hash = models.CharField(max_length=64, db_index=True)

    class Meta:
        verbose_name_plural = "member addresses"

    def __str__(self) -> str:
        return f"address of member {self.member_id}"


class Reservation(models.Model):
    """The one invitation of a year, across all senders, for one recipient."""

    recipient_hash = models.CharField(max_length=64, unique=True)
    invitation_uid = models.UUIDField(unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"reservation for invitation {self.invitation_uid}"


class Hold(models.Model):
    """Keeps invitations where they are until a person lifts it.

    `scope` is of invites/scopes.py.
    """

    scope = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)
    placed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope"], condition=Q(lifted_at=None), name="invites_one_hold_per_scope"
            )
        ]
        indexes = [
            models.Index(fields=["placed_at"], condition=Q(lifted_at=None), name="invites_held")
        ]
        permissions = [("hold_widely", "Can hold an address book or the whole site")]

    def __str__(self) -> str:
        return f"hold on {self.scope}"
