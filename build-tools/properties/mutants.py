"""Mistakes in the library that the properties must find: each is made in a copy of the tree.

Usage: mutants.py COPY [NAME or BACKEND]...
       mutants.py --check          every text is in its file once

The last lines are a table: which mistake of which backend was found by what.
"""

import os
import re
import shutil
import subprocess
import sys
import time

from mutant_lists import BACKENDS

FLAGS = {
    "epoll": "",
    "poll": "--cfg mio_unsupported_force_poll_poll",
    "kqueue": '--cfg mio_fake_kernel="freebsd"',
    "event-ports": '--cfg mio_fake_kernel="solaris"',
    "poll_oneoff": '--cfg mio_fake_kernel="wasip1"',
    "afd": "",
    "named-pipe": "",
}
SEQUENCES = ["--test", "specification", "--test", "forks", "--"]
MACHINES = ["--package", "mio-properties-machines", "--test", "machines", "--"]
TESTS = {"afd": MACHINES + ["selector"], "named-pipe": MACHINES + ["named_pipe"]}
# Seconds for the sequences on a mistake. The sequences find a `poll` that hangs themselves.
LIMIT = 240


def faults(root):
    """The mistakes whose text is not in its file once."""
    for backend, mutants in BACKENDS.items():
        names = [name for name, *_ in mutants]
        for name, file, old, new in mutants:
            with open(os.path.join(root, file)) as source:
                count = source.read().count(old)
            if count != 1 or old == new or names.count(name) != 1:
                yield f"{backend} {name}: the text is {count} times in {file}"


def run(copy, backend, name, file, old, new):
    """Returns what has found the mistake, and the output in lines."""
    path = os.path.join(copy, file)
    with open(path) as source:
        text = source.read()
    if text.count(old) != 1:
        return "not made: the text is not there once", []
    crate = os.path.join(copy, "build-tools/properties")
    for folder in (crate, os.path.join(crate, "machines")):
        shutil.rmtree(os.path.join(folder, "regressions"), ignore_errors=True)
    target = "target" if FLAGS[backend] == "" else f"target/{backend}"
    env = dict(os.environ, RUSTFLAGS=FLAGS[backend], CARGO_TARGET_DIR=target)
    env.setdefault("MIO_PROPERTIES_CASES", "3000" if backend in TESTS else "400")
    env.setdefault("MIO_PROPERTIES_SHRINK", "15")
    with open(path, "w") as source:
        source.write(text.replace(old, new))
    command = ["nice", "-n", "5", "cargo", "test"] + TESTS.get(backend, SEQUENCES)
    try:
        done = subprocess.run(
            command + ["--nocapture"], env=env, cwd=crate, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        return f"MISSED: did not end within {LIMIT} s", []
    finally:
        with open(path, "w") as source:
            source.write(text)
    output = done.stdout
    if "could not compile" in output or "Running" not in output:
        return "not made: does not compile", output[-1500:].splitlines()
    if done.returncode == 0:
        return "MISSED", []
    lines, found = [], None
    pattern = r"panicked at \S*tests/[^\n]*\n([^\n]*)\n.*?holds\((.*?)\]\);"
    for what, program in re.findall(pattern, output, re.S):
        what = re.sub(r"[0-9.]{2,}(µs|ms|s)", "…", what.split(";")[0])
        found = found or what[:90]
        lines.append("  " + what[:100])
        lines.append("    " + " ".join(line.strip() for line in program.splitlines())[:500])
    return f"found: {found or 'a panic'}", lines


def main(copy, names):
    table = []
    for backend, mutants in BACKENDS.items():
        for mutant in mutants:
            if names and mutant[0] not in names and backend not in names:
                continue
            start = time.time()
            outcome, lines = run(copy, backend, *mutant)
            print(f"{backend} {mutant[0]}: {outcome} ({time.time() - start:.0f} s)")
            print("\n".join(lines), flush=True)
            table.append((backend, mutant[0], outcome))
    for row in table:
        print("| " + " | ".join(row).replace("found: ", "") + " |")
    return any(not outcome.startswith("found") for _, _, outcome in table)


if sys.argv[1:] == ["--check"]:
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    sys.exit("\n".join(faults(root)) or None)
if not sys.argv[1:] or sys.argv[1].startswith("-"):
    sys.exit(__doc__)
sys.exit(main(sys.argv[1], sys.argv[2:]))
