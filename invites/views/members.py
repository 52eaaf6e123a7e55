"""What the members' pages know of a request: who it is (the middleware lets nobody else in)."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest


class MemberRequest(HttpRequest):
    """A request of somebody signed in, with what django-htmx says about it."""

    user: User
    htmx: bool
