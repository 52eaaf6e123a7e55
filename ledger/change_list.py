"""Django's lists of rows in the admin, for tables of any size: pages by key, nothing counted or skipped.

A search finds what is named in full, by index. A filter looks through so many rows and says so.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin import helpers
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from ledger import keyset

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Model]
else:
    _ModelAdmin = admin.ModelAdmin

# How Django's filters compare; anything else that an address says could be an error, or a column of
# the row that is named.
_HOW = {"exact", "gte", "lt", "isempty", "isnull"}
_DAYS = ("gte", "lt")
A_PAGE = 50
ROWS_READ = 10_000  # that one page looks through for its filters, at most


class KeysetChangeList(ChangeList):
    """The newest rows first, and links to the newer and the older ones."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.place = keyset.place_in(request.GET)
        asked = request.GET.copy()  # without the place, which is no filter
        for name in ("before", "after"):
            asked.pop(name, None)
        for name, values in asked.lists():  # PostgreSQL has no room for NUL
            asked.setlist(name, [value.replace("\0", "") for value in values])
        request.GET = asked  # type: ignore[assignment]
        super().__init__(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        """One page, and what Django's templates ask of a list."""
        assert isinstance(self.model_admin, BoundedAdmin)
        filtered = bool(self.get_filters_params())
        # A search leads to few rows by itself; one for nothing but blanks is none.
        searched = bool(self.query.strip() and self.search_fields)
        self.page = keyset.page(
            self.queryset,
            place=self.place,
            size=A_PAGE,
            window=ROWS_READ if filtered and not searched else None,
            span=self.model_admin.span(request),
        )
        self.result_list = self.page.rows
        self.result_count = self.full_result_count = len(self.page.rows)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False

    @property
    def newer_link(self) -> str:
        """To the page of newer rows; "" when these are the newest."""
        return self._link(after=self.page.newer)

    @property
    def older_link(self) -> str:
        """To the page of older rows; "" when there are none."""
        return self._link(before=self.page.older)

    @property
    def newest_link(self) -> str:
        """To the first page."""
        return self.get_query_string()

    def _link(self, **place: int | None) -> str:
        known = {name: str(key) for name, key in place.items() if key is not None}
        return self.get_query_string(known) if known else ""


class FirstPage(Paginator):  # type: ignore[type-arg]
    """For the history of a row: the first page and no other, since others would have to be counted."""

    def __init__(self, object_list: QuerySet[Any], per_page: int, *_: Any, **__: Any) -> None:
        super().__init__(list(object_list[:per_page]), per_page)

    @cached_property
    def count(self) -> int:
        """Of what is on the page."""
        return len(self.object_list)


class BoundedAdmin(_ModelAdmin):
    """Goes in front of any admin: its pages read no more of a large table than of a small one."""

    paginator = FirstPage
    list_per_page = A_PAGE
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    date_hierarchy = None
    # Parts of words would need every row to be read, and addresses would stand in the page's own.
    search_fields: ClassVar[Any] = ()
    linked: tuple[str, ...] = ()  # lookups by which other pages lead here, beside the filters
    # The same for days: the moment that they ask for, the one that grows with the key, and how much
    # later than that the first can be.
    days: tuple[str, str, timedelta] | None = None

    def span(self, request: HttpRequest) -> keyset.Keys | None:
        """The keys that are worth looking at, where what is asked for says so much."""
        if self.days is None:
            return None
        asked, grows, longest = self.days
        since, until = (keyset.moment_in(request.GET, f"{asked}__{how}") for how in _DAYS)
        if since is None and until is None:
            return None
        return keyset.span_of(self.model, grows, since and since - longest, until)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Ours."""
        return KeysetChangeList

    def get_ordering(self, request: HttpRequest) -> Any:
        """By key, whatever is asked for."""
        return ("-pk",)

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Those above, whatever a class behind this one would search."""
        return self.search_fields

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What the filters beside the list ask for, and not all that an address can say."""
        if len(value) > 18 and value.strip().lstrip("+-").replace("_", "").isdigit():
            return False  # no column of whole numbers has room for it
        moment = keyset.moment_of(value)
        if moment and moment.year not in keyset.YEARS:
            return False
        offered = {*self._offered(request), *self.linked}
        if self.days:
            offered |= {f"{self.days[0]}__{how}" for how in _DAYS}
        column, _, how = lookup.rpartition("__")
        return lookup in offered or (how in _HOW and column in offered)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """By its key, also where an address says that it is by no column."""
        return super().get_object(request, object_id, from_field or None)

    def _offered(self, request: HttpRequest) -> Any:
        for one in self.get_list_filter(request):
            if isinstance(one, str):
                yield one
            elif isinstance(one, tuple):
                yield one[0]
            else:
                yield getattr(one, "parameter_name", "")

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Done to the rows that were ticked. "All of them" would be a million."""
        ticked = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
        return super().response_action(request, queryset.filter(pk__in=ticked), *args, **kwargs)
