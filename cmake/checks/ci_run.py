# SPDX-License-Identifier: MIT
"""Checks that .ci/run installs packages with sudo and without: `python3 ci_run.py <root>`.

A copy of the script runs in a temporary folder. PATH has only stand-ins, which record how they are
called, and the few tools that the script needs; so there is no sudo unless a stand-in is one.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = ["bash", "cat", "dirname", "mkdir", "paste", "sed", "tee"]
INSTALL = r"apt-get install -y --no-install-recommends( [\w.+-]+)+"
UPDATE_AND_INSTALL = ["apt-get update", INSTALL]
WITH_SUDO = ["sudo apt-get update", "apt-get update", "sudo " + INSTALL, INSTALL]

faults = []


def stand_in(folder, name, action):
    """Makes a program that records its name and arguments, then does `action`."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$RECORD"\n{action}\n')
    path.chmod(0o755)


def run(root, gate, programs):
    """Runs one gate; returns its exit code, what it printed and the calls of the stand-ins."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / ".ci").mkdir()
        shutil.copy(root / ".ci/run", folder / ".ci/run")
        tools = folder / "tools"
        tools.mkdir()
        for tool in TOOLS:
            (tools / tool).symlink_to(shutil.which(tool))
        for program, action in programs.items():
            stand_in(tools, program, action)
        record = folder / "record"
        record.touch()
        environment = {"PATH": str(tools), "RECORD": str(record)}
        done = subprocess.run([str(tools / "bash"), str(folder / ".ci/run"), gate], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout, record.read_text().splitlines()


def check(root, what, gate, programs, calls, failures=0):
    """The calls must match the patterns, and the script must report so many failures."""
    code, output, made = run(root, gate, programs)
    matches = len(made) == len(calls) and all(map(re.fullmatch, calls, made))
    if (code != 0) != (failures > 0) or output.count("FAILED") != failures or not matches:
        recorded = "".join(f"\n  {call}" for call in made) or " nothing"
        faults.append(f".ci/run {gate}, {what}: exit code {code}, called{recorded}\n"
                      f"and printed\n{output}")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    missing = {"dpkg": "exit 1", "apt-get": "exit 0", "cmake": "exit 0"}
    present = missing | {"dpkg": "exit 0"}
    broken = missing | {"apt-get": "exit 100"}
    sudo = {"sudo": 'exec "$@"'}
    asks = [r"dpkg --status( [\w.+-]+)+"]

    check(root, "no sudo", "packages", missing, asks + UPDATE_AND_INSTALL)
    check(root, "sudo", "packages", missing | sudo, asks + WITH_SUDO)
    check(root, "all packages installed", "packages", present, asks)
    check(root, "all packages installed, sudo", "packages", present | sudo, asks)
    check(root, "apt-get fails", "packages", broken, asks + ["apt-get update"], failures=1)
    for gate in ["quickstart", "test"]:
        build = [f"cmake --workflow --preset {gate}"]
        check(root, "no sudo", gate, missing, UPDATE_AND_INSTALL + build)
        check(root, "sudo", gate, missing | sudo, WITH_SUDO + build)
        check(root, "apt-get fails", gate, broken, ["apt-get update"], failures=1)

    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
