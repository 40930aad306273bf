"""The style sheet and script of pages for staff. Sign-in needs them: anybody may read them."""

from __future__ import annotations

from flask import Response, abort

from portal.web.assets import staff_script, staff_sheet
from portal.web.staff.access import ANYBODY, staff_route
from portal.web.staff.screens import LASTING


@staff_route("/staff/static/<name>", may=ANYBODY)
def sheet(name: str) -> Response:
    """One file, at an address that changes with its content."""
    files = {file.path: file for file in (staff_sheet(), staff_script())}
    file = files.get(f"/staff/static/{name}") or abort(404)
    answer = Response(file.content, content_type=f"{file.media_type}; charset=utf-8")
    answer.headers["Cache-Control"] = LASTING
    return answer
