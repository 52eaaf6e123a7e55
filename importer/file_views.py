"""The pages on which a file becomes contacts: hand it over, name its columns, mend left-out rows."""

from __future__ import annotations

import tempfile
from typing import IO, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from importer import awaiting, mending, uploading
from importer.addresses import NotAnAddress
from importer.forms import TOO_LARGE, AddressFile, ColumnsForm, MendedAddress
from importer.models import Import, LeftOut
from importer.sources import files
from importer.sources.columns import Columns
from importer.sources.contract import PROBLEMS, BadFile, SourceError

AROUND_A_FILE = 64 * 1024  # bytes of a form beside the file in it
COLUMNS_SHOWN = 30


class NamelessFile(FileUploadHandler):
    """Receives a file into one that has no name on the disk, and is gone whatever happens to us."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins to arrive."""
        super().new_file(*args, **kwargs)
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (outlives this method)
        self.size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """A piece of it; too many of them end the request."""
        self.size += len(raw_data)
        if self.size > files.LARGEST:
            raise StopUpload(connection_reset=True)
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        """All of it is here."""
        self.file.seek(0)
        return UploadedFile(self.file, self.file_name, self.content_type, file_size, self.charset)


# The size is looked at before anything is read, and Django's check of the form's token reads all.
# _receive does that check.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def upload(request: HttpRequest) -> HttpResponse:
    """A file with an address book in it."""
    if request.method != "POST":
        return _upload_page(request, AddressFile())
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > files.LARGEST + AROUND_A_FILE:
        return _upload_page(request, _refused(TOO_LARGE), status=413)
    request.upload_handlers = [NamelessFile(request)]
    return _receive(request)


@csrf_protect
def _receive(request: HttpRequest) -> HttpResponse:
    form = AddressFile(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form)
    with form.cleaned_data["file"] as file:
        try:
            found = uploading.receive(member=_member(request), file=file.file)
        except BadFile as refusal:
            form.add_error("file", str(refusal))
            return _upload_page(request, form)
    page = "importer:import" if isinstance(found, Import) else "importer:columns"
    return redirect(page, uid=found.uid)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def choose_columns(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The first rows of a table that we don't know, and what its columns are."""
    table = uploading.waiting(member=_member(request), uid=uid)
    if table is None:
        messages.warning(request, PROBLEMS["file_gone"] + " Choose it again.")
        return redirect("importer:upload")
    try:
        preview = uploading.preview(table)
        form = ColumnsForm(
            request.POST if request.method == "POST" else None,
            rows=preview.rows,
            header=preview.header,
            initial=_initial(preview.columns, preview.header),
        )
        if form.is_valid():
            run = uploading.choose_columns(
                member=_member(request),
                upload=table,
                chosen=form.columns(),
                first_person=form.cleaned_data["first_person"],
            )
            return redirect("importer:import", uid=run.uid)
    except BadFile as refusal:
        form.add_error(None, str(refusal))
    except SourceError as error:
        messages.warning(request, PROBLEMS[error.code] + " Choose it again.")
        return redirect("importer:upload")
    width = min(max(map(len, preview.rows)), COLUMNS_SHOWN)
    context = {
        "step": 1,
        "form": form,
        "entries": table.entries,
        "ends_at": table.ends_at,
        "numbers": range(1, width + 1),
        "rows": [[*row, *[""] * width][:width] for row in preview.rows],
    }
    return render(request, "importer/columns.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mend(request: HttpRequest, uid: UUID, row: int) -> HttpResponse:
    """One row that was left out, and a form to set its address right."""
    run = get_object_or_404(Import, uid=uid, member_id=_member(request).pk)
    left_out = run.left_out_rows.select_related("contact").filter(pk=row).first()
    if left_out is None:
        messages.info(request, "That row is kept already, or was forgotten.")
        return redirect("importer:import", uid=run.uid)
    form = MendedAddress(
        request.POST if request.method == "POST" else None,
        initial={"name": left_out.name, "address": _first_try(left_out)},
    )
    if left_out.name or left_out.contact:
        del form.fields["name"]
    if form.is_valid():
        try:
            mended = mending.mend(member=_member(request), row=left_out, **form.cleaned_data)
        except NotAnAddress as refusal:
            form.add_error("address", str(refusal))
        else:
            messages.success(request, _mended_words(mended))
            return redirect("importer:import", uid=run.uid)
    context = {"step": 1, "form": form, "run": run, "row": left_out}
    return render(request, "importer/mend.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def linkedin(request: HttpRequest) -> HttpResponse:
    """LinkedIn's file, step by step. POST says that it was asked for, or that nobody waits for it."""
    if request.method == "POST":
        change = awaiting.end if "stop" in request.POST else awaiting.begin
        change(member=_member(request))
        return redirect("importer:connect")
    waiting = awaiting.awaited(_member(request))
    context = {
        "step": 1,
        "form": AddressFile(),
        "awaited": waiting,
        "mailed_at": awaiting.mailed(waiting),
    }
    return render(request, "importer/linkedin.html", context)


def _mended_words(mended: mending.Mended | None) -> str:
    if mended is None:
        return "That row is kept already. Nothing was sent."
    name = mended.contact.display_name
    if not mended.is_new:
        return f"{name} had this address already. Nothing was sent."
    refusal = mended.contact.refusal_words
    return f"{name} is kept. {refusal + '. ' if refusal else ''}Nothing was sent."


def _first_try(row: LeftOut) -> str:
    """What was left out, for the form to begin with."""
    return row.raw if row.reason == "not_an_address" else ""


def _initial(columns: Columns, header: int) -> dict[str, str]:
    emails = [*columns.emails, -1, -1]
    numbers = {
        "name": columns.name, "first": columns.first, "last": columns.last, "email": emails[0],
        "second_email": emails[1], "company": columns.company, "title": columns.title,
    }  # fmt: skip
    chosen = {name: str(number) if number >= 0 else "" for name, number in numbers.items()}
    return {**chosen, "first_person": str(header + 1)}


def _refused(sentence: str) -> AddressFile:
    """The form with this error, and without any data: nothing of the request was read."""
    form = AddressFile({})
    form.full_clean()
    form.errors.clear()
    form.add_error("file", sentence)
    return form


def _upload_page(request: HttpRequest, form: AddressFile, *, status: int = 200) -> HttpResponse:
    return render(request, "importer/upload.html", {"step": 1, "form": form}, status=status)


def _member(request: HttpRequest) -> AbstractBaseUser:
    # LoginRequiredMiddleware has sent everybody else away.
    return cast("AbstractBaseUser", request.user)
