"""The page of figures and the list of members behind it. See figures.py and first_times.py for what their
addresses may ask for."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from invites.desk import figures, first_times, waiting
from invites.desk.forms import FiguresForm, MembersForm
from invites.desk.views import page
from invites.figure_models import RANGES, Kind
from invites.rights import Act, needs
from ledger import sealing
from ledger.keyset import Place, place_in


@needs(Act.LOOK)
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Ten charts with their tables; of everything also who has the most, and where members stop."""
    form = FiguresForm(request.GET)
    asked = form.asked if form.is_valid() else figures.Asked()
    over = figures.period(asked.days)
    context = {
        "form": form,
        "asked": asked,
        "ranges": [(days, f"{days} days" if days < 100 else "52 weeks") for days in RANGES],
        "over": over,
        "at": figures.counted_until(),
        "not_sealed": sealing.what_is_wrong(),
        "behind": figures.behind(),
        "member": User.objects.filter(pk=asked.sender).first() if asked.sender else None,
        "by": figures.LABELS[asked.by],
        "source": dict(waiting.sources()).get(asked.source, asked.source),
        "words": figures.first_words(asked.wording) if asked.wording else "",
    }
    if over:
        context["charts"] = figures.chart_of_each(asked, over)
    if over and not asked.filters:
        context |= {
            "rankings": [
                ("By address book", figures.greatest(Kind.SOURCE, asked, over)),
                ("By sender", figures.greatest(Kind.SENDER, asked, over)),
                ("By wording", figures.greatest(Kind.WORDING, asked, over)),
            ],
            "listed": figures.LISTED,
            "steps": figures.steps(over),
            "instead": figures.instead(over),
            "undone": figures.undone_after(over),
        }
    return page(request, "figures", "Figures by day", context)


@needs(Act.LOOK)
@require_GET
def members(request: HttpRequest) -> HttpResponse:
    """Who came by a step for the first time in these days."""
    form = MembersForm(request.GET)
    valid = form.is_valid()
    place = place_in(request.GET)
    return page(request, "members", "Members", {
        "form": form,
        "asked": form.asked if valid else None,
        "listed": first_times.listed(form.asked, place) if valid else None,
        "paged": place != Place(),
    })  # fmt: skip
