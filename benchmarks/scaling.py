#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures how costs grow, and draws them.

usage: scaling.py --programs <directory> --out <directory>

Runs the benchmark programs that ask what grows with the number of states, hops, instances and
schedules, several times each, prints a Markdown table of the medians, and writes scaling.json and,
where gnuplot is installed, scaling.svg.
"""
import argparse
import json
import pathlib
import shutil
import subprocess

# title, unit, what is on the x axis, then for each curve: its name, the program, the benchmark's
# name without the number, what follows the number, and the counter (none: the processor time).
PANELS = [
    ("a hop", "ns", "states", [
        ("plain", "scaling", "states/plain/int", "", "hop"),
        ("plain, named by strings", "scaling", "states/plain/string", "", "hop"),
        ("Async", "scaling", "states/async/int", "", "hop"),
        ("asio::awaitable", "scaling", "states/awaitable/int", "", "hop"),
    ]),
    ("a hop", "ns", "hops of a run", [
        ("plain", "scaling", "hops/plain", "", "hop"),
        ("Async", "scaling", "hops/async", "", "hop"),
        ("asio::awaitable", "scaling", "hops/awaitable", "", "hop"),
    ]),
    ("an instance of 10 hops", "ns", "instances on two threads", [
        ("plain", "concurrent_workflow", "plain/batch", "/2/process_time", "instance"),
        ("Async", "concurrent_workflow", "async/batch", "/2/process_time", "instance"),
        ("asio::awaitable", "concurrent_workflow", "awaitable/batch", "/2/process_time", "instance"),
        ("Async, yielding", "concurrent_workflow", "async_yielding/batch", "/2/process_time", "instance"),
        ("asio::awaitable, yielding", "concurrent_workflow", "awaitable_yielding/batch", "/2/process_time",
         "instance"),
    ]),
    ("a run of the one job that is due", "ns", "schedules", [
        ("interval", "scheduler", "run_one_among", "", None),
    ]),
]


def measure(directory, repetitions):
    """program -> benchmark -> its medians"""
    programs = {}
    for _, _, _, curves in PANELS:
        for _, program, name, _, _ in curves:
            programs.setdefault(program, []).append(name)
    results = {}
    for program, names in programs.items():
        print(f"bench_{program} ...", flush=True)
        command = [directory / f"bench_{program}", "--benchmark_format=json",
                   f"--benchmark_filter=^({'|'.join(names)})/", f"--benchmark_repetitions={repetitions}",
                   "--benchmark_report_aggregates_only=true", "--benchmark_min_time=0.1"]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        results[program] = {each["run_name"]: each for each in json.loads(out)["benchmarks"]
                            if each.get("aggregate_name", "median") == "median"}
    return results


def points(results, curve):
    """[(number, nanoseconds)], ascending"""
    _, program, name, suffix, counter = curve
    found = []
    for run_name, result in results[program].items():
        number = run_name.removeprefix(name + "/").removesuffix(suffix)
        if run_name.startswith(name + "/") and run_name.endswith(suffix) and number.isdigit():
            found.append((int(number), result[counter] * 1e9 if counter else result["cpu_time"]))
    return sorted(found)


def number(value):
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(curves):
    lines = ["| what grows | the cost of | at | ns |", "| --- | --- | --- | --- |"]
    for (title, _, axis, _), drawn in curves:
        for name, values in drawn:
            at = " / ".join(f"{x:,}" for x, _ in values)
            cost = " / ".join(number(y) for _, y in values)
            lines.append(f"| {axis} | {title}, {name} | {at} | {cost} |")
    return "\n".join(lines) + "\n"


def plot(curves, directory):
    gnuplot = shutil.which("gnuplot")
    if gnuplot is None:
        print("gnuplot was not found: no scaling.svg")
        return
    script = ["set terminal svg size 1000,640 font 'sans-serif,12' background '#ffffff'",
              f"set output '{directory / 'scaling.svg'}'", "set multiplot layout 2,2",
              "set logscale xy", "set grid", "set key top right", "set format x '10^{%L}'"]
    for (title, unit, axis, _), drawn in curves:
        blocks = [f"$curve{i} << EOD\n" + "\n".join(f"{x} {y}" for x, y in values) + "\nEOD"
                  for i, (_, values) in enumerate(drawn)]
        lowest = min(y for _, values in drawn for _, y in values)
        highest = max(y for _, values in drawn for _, y in values)
        lines = ", ".join(f"$curve{i} with linespoints lw 2 pt 7 ps 0.6 title '{name}'"
                          for i, (name, _) in enumerate(drawn))
        script += blocks + [f"set title '{title}, {unit}'", f"set xlabel '{axis}'",
                            f"set yrange [{lowest / 3}:{highest * 5}]", f"plot {lines}"]
    subprocess.run([gnuplot], input="\n".join(script), text=True, check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()

    results = measure(options.programs, options.repetitions)
    curves = [(panel, [(curve[0], points(results, curve)) for curve in panel[3]]) for panel in PANELS]
    options.out.mkdir(parents=True, exist_ok=True)
    with open(options.out / "scaling.json", "w", encoding="utf-8") as file:
        json.dump([{"cost": title, "unit": unit, "axis": axis, "curves": dict(drawn)}
                   for (title, unit, axis, _), drawn in curves], file, indent=2)
    plot(curves, options.out)
    print("\n" + table(curves) + f"\nAlso in {options.out}")


if __name__ == "__main__":
    main()
