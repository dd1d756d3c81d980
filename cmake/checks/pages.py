# SPDX-License-Identifier: MIT
"""Checks the common errors of the documentation's pages: `python3 pages.py <root>`.

The last section of each page of cmake/docs/pages is a table of common errors. Where its first cell is
code, that is a text of the library's: each part between its placeholders, such as <name>, must be made of
string literals of the headers, one after the other. The first may be cut at its start and the last at its
end. (Doxygen wants a text with an apostrophe in double backquotes.)
"""

import pathlib
import re
import sys

PAGES = "cmake/docs/pages"
HEADING = r"^## (.+?)(?: \{#\w+\})?$"
LITERAL = r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.))\''


def literals(header):
    """The string literals of a header, those that the compiler joins as one, and its characters."""
    text = re.sub(r"^\s*//.*$", "", header, flags=re.M)
    text = re.sub(r"^\s*#\s*(?!error).*$", "", text, flags=re.M)  # of an #include the name is no text
    text = text.replace("\\\n", "")
    joined, end = [], None
    for found in re.finditer(LITERAL, text):
        part = found[1] if found[1] is not None else found[2]
        part = part.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n")
        if joined and end is not None and not text[end : found.start()].strip() and found[1] is not None:
            joined[-1] += part
        else:
            joined.append(part)
        end = found.end() if found[1] is not None else None
    return joined


def is_made_of(text, parts, corpus):
    """Whether `text` is one literal, or some in a row; `corpus` is all of them, each on its own line."""
    if not text.strip() or text in corpus:
        return True
    # Where a literal may end, and so the next begin: after the end of one at the very start, or a whole one.
    starts = {n for n in range(1, len(text)) if any(p.endswith(text[:n]) for p in parts)}
    for start in range(1, len(text)):
        if start in starts:
            if any(p.startswith(text[start:]) for p in parts):
                return True
            starts |= {start + len(p) for p in parts if p and text.startswith(p, start)}
    return False


def error_rows(page):
    """The rows of the page's last section, or None where that is no table of common errors."""
    headings = list(re.finditer(HEADING, page, re.M))
    if not headings or headings[-1][1] != "Common errors":
        return None
    lines = page[headings[-1].end() :].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]
    return rows[2:] if len(rows) > 2 and all(line.startswith("|") for line in lines) else None


def faults_of(page, parts, corpus):
    rows = error_rows(page)
    if rows is None:
        yield "must end with a table of common errors"
        return
    for row in rows:
        if len(row) != 3 or not all(row):
            yield f"a row of common errors has three cells: {' | '.join(row)}"
        elif quoted := re.fullmatch(r"(``?)([^`]+)\1", row[0]):
            for part in re.split(r"<[\w ]+>", quoted[2]):
                if not is_made_of(part, parts, corpus):
                    yield f"no text of the library has '{part}' of '{quoted[2]}'"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    parts = set()
    for header in (root / "include").rglob("*.hpp"):
        parts.update(literals(header.read_text()))
    # One letter, or two, would spell any text.
    parts = {p for p in parts if len(p) > 2 or not re.search(r"\w", p)}
    corpus = "\n".join(sorted(parts))
    pages = sorted((root / PAGES).glob("*.md"))
    found = [f"{p.relative_to(root)}: {f}" for p in pages for f in faults_of(p.read_text(), parts, corpus)]
    for line in found:
        print(line)
    print(f"{len(pages)} pages, {len(found)} faults")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
