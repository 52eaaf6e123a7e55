"""What members type: the note, words on a card, a name to search. Actions decide what may be sent."""

from __future__ import annotations

from django import forms

from importer.looking_up import LONGEST_WORDS
from invites.words import LINE_LENGTH, NOTE_LENGTH, RELATIONSHIP_LENGTH


class Words(forms.CharField):
    """Text of the member's own. A NUL is dropped, as the actions drop other control characters:
    a browser can't send one, and a refusal would take the rest of the text with it."""

    def to_python(self, value: object) -> str:
        return str(super().to_python(value)).replace("\x00", "")


class NoteForm(forms.Form):
    """The one note for everybody. It starts empty, and no button fills it."""

    note = Words(
        label="Your note",
        required=False,
        strip=False,
        help_text=(
            f"Up to {NOTE_LENGTH:,} characters, about 150 words. Everybody whom you invite gets "
            "it; on each card you can add a line for that person."
        ),
        widget=forms.Textarea(attrs={"rows": 10, "class": "letter", "dir": "auto"}),
    )


class CardForm(forms.Form):
    """The words for one person."""

    own_line = Words(
        required=False,
        help_text=f"It stands above your note. Up to {LINE_LENGTH} characters.",
        widget=forms.TextInput(attrs={"class": "letter", "dir": "auto", "autocomplete": "off"}),
    )
    relationship_words = Words(
        label="Other: how do you know each other?",
        required=False,
        help_text=f"For “Other…” only. A few words, up to {RELATIONSHIP_LENGTH} characters.",
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )


class SearchForm(forms.Form):
    """Words for a provider's own search."""

    q = Words(
        label="Name, company or address",
        max_length=LONGEST_WORDS,
        help_text="The beginning of a word is enough.",
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "spellcheck": "false", "dir": "auto"}
        ),
        error_messages={
            "required": "Type a name, or the beginning of one.",
            "max_length": f"Type at most {LONGEST_WORDS} characters of a name.",
        },
    )


class LinkForm(forms.Form):
    """What a page behind a personal link says in the member's name. Nothing is filled in."""

    relationship = forms.CharField(required=False)
    relationship_words = Words(required=False)
    words = Words(required=False, strip=False)
