# SPDX-License-Identifier: MIT
"""Checks that links lead somewhere, but for those to other sites:

    python3 links.py <root>               of the Markdown files, as GitHub shows them
    python3 links.py <root> <folder>      of the HTML files in a folder
"""

import html.parser
import pathlib
import re
import sys
import urllib.parse

FOLDERS = ["*.md", ".github/**/*.md", "cmake/**/*.md", "examples/**/*.md", "tests/**/*.md"]


class Page(html.parser.HTMLParser):
    """The links of an HTML page and the places in it that a link can name."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors.update(attrs[name] for name in ("id", "name") if attrs.get(name))
        self.links += [attrs[name] for name in ("href", "src", "data") if attrs.get(name)]


class Document:
    """The same of a Markdown file. A heading's place is its text as GitHub turns it into an id."""

    def __init__(self, text):
        text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        headings = re.findall(r"^#+ (.+)$", text, re.M)
        self.anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
        self.links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))


def faults(files, root, read):
    pages = {path.resolve(): read(path.read_text()) for path in files}
    for path, page in pages.items():
        for link in page.links:
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc or link.startswith("^"):
                continue
            target = (path.parent / urllib.parse.unquote(url.path)).resolve() if url.path else path
            where = path.relative_to(root)
            if not target.exists():
                yield f"{where}: {link}: there is no such file"
            elif url.fragment and target in pages and url.fragment not in pages[target].anchors:
                yield f"{where}: {link}: there is no such place in that file"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if len(sys.argv) > 2:
        root = pathlib.Path(sys.argv[2]).resolve()
        files, read = list(root.glob("*.html")), Page
    else:
        # The pages of cmake/docs name each other in Doxygen's way, which checks that itself.
        files, read = [path for pattern in FOLDERS for path in root.glob(pattern)], Document
    found = list(faults(files, root, read))
    for line in found:
        print(line)
    print(f"{len(files)} files, {len(found)} broken links")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
