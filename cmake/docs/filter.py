# SPDX-License-Identifier: MIT
"""Doxygen's input filter: `python3 filter.py <file>` prints the file as Doxygen is to see it.

Of a header, what is not public and what lies in namespace detail is left out. In a README, headings get
the ids by which its links know them, and links to examples lead to their pages. Line numbers stay as
they are.
"""

import pathlib
import re
import sys


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


def main():
    path = pathlib.Path(sys.argv[1])
    text = path.read_text()
    if path.name == "README.md":
        is_front_page = (path.parent / "include").is_dir()
        prefix = "readme-" if is_front_page else f"{path.parent.name}-"
        text = "\n".join(as_page(prefix, text)) + "\n"
    elif path.suffix == ".hpp":
        text = public_part(text, path.parent.name == "detail")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
