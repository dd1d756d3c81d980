# SPDX-License-Identifier: MIT
"""Checks that the library awaits only what g++ 12 compiles correctly: `python3 coroutines.py <root>`.

g++ 12 destroys some temporaries of a co_await's operand twice (GCC bug 98401), and compiles a co_await
in a conditional expression or a handler wrongly. So in a header an operand has one of the FORMS below,
which name something or make a temporary without a destructor; what makes another one is given a name
before. That holds in coroutines of either type, cano::Async and asio::awaitable.
"""

import pathlib
import re
import sys

FORMS = [
    r"std::move\(\w+(?:(?:\.|->)\w+)*\)",
    r"\w+(?=\s*;)",
    r"(?:detail::)?ThisEnvironment\{\}",
    r"asio::this_coro::\w+(\((true|false)?\))?",
    r"\w+\.async_wait\(asio::deferred\)",
    r"asio::post\(\w+, asio::deferred\)",
    r"(detail::)?ThisEnvironment\{\}",  # which has no destructor
    r"\w+(?=;)",  # what has a name
]


def without_comments(text):
    """`text`, line for line, without comments and the contents of quotes."""
    text = re.sub(r"/\*.*?\*/", lambda c: "\n" * c[0].count("\n"), text, flags=re.S)
    return re.sub(r'//.*|"(\\.|[^"\\\n])*"', "", text)


def handlers(code):
    """The places of the bodies of `catch`."""
    for start in re.finditer(r"\bcatch\s*\([^)]*\)\s*\{", code):
        depth, end = 1, start.end()
        while depth and end < len(code):
            depth += {"{": 1, "}": -1}.get(code[end], 0)
            end += 1
        yield range(start.end(), end)


def faults(code):
    in_handler = list(handlers(code))
    for found in re.finditer(r"\bco_await\b\s*", code):
        line = code.count("\n", 0, found.start()) + 1
        operand = code[found.end() :]
        form = next((m for f in FORMS if (m := re.match(f, operand))), None)
        statement = re.split(r"[;{}]", code[: found.start()])[-1] + re.split(r"[;{}]", operand)[0]
        if not form or re.match(r"\s*[.(\[]|->", operand[form.end() :]):
            yield line, "the operand of co_await may hold a temporary: give it a name first"
        if "?" in statement:
            yield line, "co_await in a conditional expression"
        if any(found.start() in body for body in in_handler):
            yield line, "co_await in a handler"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    count = 0
    for path in sorted((root / "include").rglob("*.hpp")):
        for line, fault in faults(without_comments(path.read_text())):
            print(f"{path.relative_to(root)}:{line}: {fault}")
            count += 1
    print(f"{count} faults")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
