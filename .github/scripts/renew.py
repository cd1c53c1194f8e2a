#!/usr/bin/env python3
"""Moves each outdated header pack to its newest version on the branch `renew`, and opens a pull
request whose text is the report, or updates the one that is open. If no pack can be moved (a crate
or a target is new, or a renewal stops), the report becomes an issue.

Needs git with a remote `origin`, cargo and gh. Exit status: 0 on success, whether something was
outdated or not; 2 if a registry cannot be asked; another status if a program fails.
"""

import json
import subprocess
import sys
import tempfile

BRANCH = "renew"
PULL_REQUEST = "codegen: move outdated packs"
ISSUE = "codegen: outdated pins"
# The limit of GitHub for a text is 65,536 characters:
# https://github.com/orgs/community/discussions/41331
MOST = 65_000
# GitHub starts no workflow for what the token of a workflow pushes or opens, except with
# `workflow_dispatch`: https://docs.github.com/actions/concepts/security/github_token
NEXT = """\
The workflow `ci` was started for this branch. The workflow `abi`, with the gate, starts when a
person closes and reopens this pull request, or sets the label `abi-accepted`.

"""


def run(*words, statuses=(0,)):
    """Runs a program; returns its status and standard output, and prints standard error."""
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in statuses:
        sys.exit(f"{' '.join(words)} failed with status {done.returncode}")
    return done.returncode, done.stdout


def move(pack):
    """Moves a pack and commits the change. Returns the part of the report."""
    # The gate of the pull request judges the breaking changes.
    words = ["cargo", "codegen", "bump", pack, "--accept-breaking", "--format", "markdown"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        # Nothing was written.
        return f"# {pack}\n\nIt was not moved:\n\n```\n{done.stderr.strip()}\n```\n"
    run("git", "add", "--all")
    changed, _ = run("git", "diff", "--cached", "--quiet", statuses=(0, 1))
    if changed:
        subject = f"codegen: move {pack} to its newest version"
        run("git", "commit", "--quiet", "--message", subject)
    return f"# {pack}\n\n{done.stdout.strip()}\n"


def shortened(text):
    """The text, as far as it fits."""
    if len(text) <= MOST:
        return text
    # A code block or a folded part may be open at the cut.
    return text[:MOST] + "\n```\n</details>\n\nThe rest does not fit: `cargo codegen outdated`.\n"


def publish(text):
    """Opens or updates the pull request, or the issue if there is no commit."""
    _, commits = run("git", "rev-list", "--count", "origin/main..HEAD")
    with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8") as body:
        body.write(shortened(text if int(commits) == 0 else NEXT + text))
        body.flush()
        if int(commits) > 0:
            run("git", "push", "--quiet", "--force", "origin", BRANCH)
            kind, title, find = "pr", PULL_REQUEST, ["--head", BRANCH]
            new = ["--base", "main", "--head", BRANCH]
        else:
            kind, title, new = "issue", ISSUE, []
            find = ["--search", f'in:title "{ISSUE}"']
        _, found = run("gh", kind, "list", "--state", "open", *find, "--json", "number")
        found = json.loads(found)
        text = ["--title", title, "--body-file", body.name]
        if found:
            run("gh", kind, "edit", str(found[0]["number"]), *text)
        else:
            run("gh", kind, "create", *new, *text)
    if int(commits) > 0:
        run("gh", "workflow", "run", "ci.yml", "--ref", BRANCH)


def main():
    """Looks for outdated pins, moves the packs and publishes the report."""
    outdated = ["cargo", "codegen", "outdated", "--format"]
    done = subprocess.run([*outdated, "json"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        print("everything is current")
        return
    if done.returncode != 1:
        sys.exit(done.returncode)
    packs = json.loads(done.stdout)["packs"]
    _, report = run(*outdated, "markdown", statuses=(1,))
    run("git", "switch", "--quiet", "--force-create", BRANCH)
    # A pack with a host is a libclang, which `bump` does not move.
    behind = [pack["name"] for pack in packs if pack["state"] == "behind" and not pack.get("host")]
    parts = [report, *(move(name) for name in behind)]
    publish("\n".join(parts))


main()
