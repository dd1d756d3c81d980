# SPDX-License-Identifier: MIT
"""Doxygen's input filter: `python3 filter.py <file>` prints the file as Doxygen is to see it.

Of a header, what is not public and what is in namespace detail is left out. In a README, headings get
the ids by which its links know them, and links to examples lead to their pages. Line numbers stay as
they are. Fields that many events share and comparisons by all members get their comment here, so that
the headers need not repeat it. In a page, the line <!-- glossary --> becomes a table for each folder of the headers: its classes
and what they are, by their comments.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cmake/checks"))
import comments  # noqa: E402


# The comments of fields that many events share, by their declarations.
SHARED_FIELDS = {
    "steady_time at": "When, by the steady clock.",
    "system_time at": "When, by the wall clock.",
    "std::string_view job": "The id of the job.",
    "SkipReason reason": "Why it did not run.",
}


def with_shared_comments(header):
    for field, comment in SHARED_FIELDS.items():
        header = re.sub(rf"^( +{field};)$", rf"\1  ///< {comment}", header, flags=re.M)
    comparison = r"^( +)(?=(?:friend |constexpr )*\S+ operator(?:==|<=>)\(.*= default;$)"
    lines = re.sub(comparison, r"\1/** By all members. */ ", header, flags=re.M).splitlines(True)
    for number, line in enumerate(lines):
        if "/** By all members. */" in line and re.match(r" +///", lines[number - 1]):
            lines[number] = line.replace("/** By all members. */ ", "")  # it has a comment of its own
    return "".join(lines)


def blank(part):
    return "\n" * part[0].count("\n")


def public_part(header, is_detail):
    header = re.sub(r"^ (private|protected):$.*?^(?=\};$| public:$)", blank, header, flags=re.M | re.S)
    if is_detail:
        return header
    hidden = r"^namespace (?:cano::)?detail \{$.*?^\}  // namespace (?:cano::)?detail$"
    header = re.sub(hidden, blank, header, flags=re.M | re.S)
    # A member that is defined below its class: it was declared there, or is private.
    header = re.sub(r"^template <class T> [\w:<>, ]+<T>::\w+\(.*?^\}$", blank, header, flags=re.M | re.S)
    return re.sub(r"^template <> struct std::.*$", "", header, flags=re.M)


def heading_id(prefix, title):
    return prefix + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def as_page(prefix, markdown):
    in_code = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        if not in_code and (heading := re.fullmatch(r"##+ (.+)", line)):
            line += f" {{#{heading_id(prefix, heading[1])}}}"
        if not in_code:
            line = re.sub(r"\]\((?:examples/)?(\w+)\.cpp\)", r"](\1_8cpp-example.html)", line)
            line = line.replace("](#", f"](#{prefix}")
        yield line


def glossary():
    """What is private: the public classes have pages of their own."""
    include = ROOT / "include/cano"
    for folder in sorted(path.name for path in include.iterdir() if path.is_dir()):
        words = {}
        for header in sorted((include / folder).rglob("*.hpp")):
            if header.parent.name == "detail":
                words.update(comments.classes(header.read_text()))
        rows = [f"| {name} | {comments.first_sentence(words[name])} |" for name in sorted(words)]
        yield f"\n### {folder} {{#glossary_{folder}}}\n"
        purpose = comments.folder_purpose(ROOT, folder)
        yield purpose[:1].upper() + purpose[1:]
        if rows:
            yield "\n".join(["", "| word | is |", "| --- | --- |", *rows])


def main():
    path = pathlib.Path(sys.argv[1])
    text = path.read_text()
    if path.name == "README.md":
        is_front_page = (path.parent / "include").is_dir()
        prefix = "readme-" if is_front_page else f"{path.parent.name}-"
        text = "\n".join(as_page(prefix, text)) + "\n"
    elif path.suffix == ".hpp":
        text = with_shared_comments(public_part(text, path.parent.name == "detail"))
    else:
        text = text.replace("<!-- glossary -->", "\n".join(glossary()))
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
