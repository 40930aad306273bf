"""`make scripts`: writes the minified form of the finder's script beside it."""

import re

import minify

from portal.web.assets import PACKAGE, made_from_line

SCRIPT = PACKAGE / "static/find.js"
SMALL = PACKAGE / "static/find.min.js"


def main() -> None:
    script = SCRIPT.read_text("utf-8")
    # The minifier takes these for the value alone, which is not the same.
    if found := re.search(r"\|\| false|&& true", script):
        raise SystemExit(f"find.js: write '{found[0]}' in another way")
    small = minify.string("application/javascript", script)
    SMALL.write_text(f"{made_from_line(script)}\n{small}\n", "utf-8")


if __name__ == "__main__":
    main()
