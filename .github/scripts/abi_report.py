#!/usr/bin/env python3
"""Compares the ABI of a pull request with main, and decides about the job.

Writes annotations to standard output, the report to the step's summary, all formats to
`abi-report/` and the text of a comment to `abi-comment/`. Exit status: 0 the gate is green, or the
label `abi-accepted` accepts what makes it red; 1 it is red; 2 the two cannot be compared.
"""

import json
import os
import pathlib
import subprocess
import sys

LABEL = "abi-accepted"
REPORT = pathlib.Path("abi-report")
COMMENT = pathlib.Path("abi-comment")

# GitHub accepts 1 MiB in a step's summary, and 65,536 characters in a comment:
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
SUMMARY_BYTES = 1_000_000


def run(*words):
    """Runs a command and returns its status and its standard output."""
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout


def merge_base(branch):
    """The commit where the pull request left the branch."""
    status, commit = run("git", "merge-base", f"origin/{branch}", "HEAD")
    if status != 0:
        fail(f"HEAD and origin/{branch} have no commit in common; fetch the whole history")
    return commit.strip()


def fail(message):
    """Ends with the status for operands that cannot be compared."""
    print(f"::error title=ABI::{message}")
    sys.exit(2)


def diff(base, style, *options):
    """Runs the comparison in a format. Returns its status and the report."""
    words = ["cargo", "codegen", "diff", base, ".", "--gate", "--format", style, *options]
    status, text = run(*words)
    if status not in (0, 1):
        fail(f"{' '.join(words)} failed with status {status}; its error is in the log")
    return status, text


def label_counts(event):
    """Whether the label accepts the present head, and a sentence about it.

    Only people with triage access or more set labels. A push keeps the labels of a pull request,
    so the label counts in the run that setting it starts, and when the pull request is opened with
    it. In every other run the commits may be newer than the label.
    https://docs.github.com/en/issues/using-labels-and-milestones-to-track-work/managing-labels
    """
    names = [label["name"] for label in event["pull_request"]["labels"]]
    if LABEL not in names:
        return False, f"To accept all of it for this pull request, set the label `{LABEL}`."
    if event["action"] == "opened":
        return True, ""
    if event["action"] == "labeled" and event["label"]["name"] == LABEL:
        return True, ""
    return False, f"The label `{LABEL}` may be older than the commits: remove it and set it again."


def main():
    """Makes all reports."""
    event = json.loads(pathlib.Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    pull = event["pull_request"]
    base = merge_base(pull["base"]["ref"])
    REPORT.mkdir(exist_ok=True)

    status, annotations = diff(base, "github")
    print(annotations, end="")
    files = {"annotations.txt": annotations}
    for name, style in (("abi.html", "html"), ("abi.json", "json"), ("abi.sarif", "sarif")):
        files[name] = diff(base, style)[1]
    files["abi.md"] = diff(base, "markdown", "--max-bytes", str(SUMMARY_BYTES))[1]
    for name, text in files.items():
        (REPORT / name).write_text(text, encoding="utf-8")

    counts, sentence = label_counts(event)
    notes = []
    if status == 1 and counts:
        notes.append(f"**The label `{LABEL}` accepts what is red below; the job passes.**")
        status = 0
    elif status == 1:
        notes.append(sentence)
    head = "".join(f"{note}\n\n" for note in notes)
    with open(os.environ["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8") as summary:
        summary.write(f"Head: {pull['head']['sha']}\n\n{head}{files['abi.md']}")
    report = json.loads(files["abi.json"])
    differs = report["rows"] or not report["gate"]["passed"]
    # An empty text removes the comment.
    text = head + diff(base, "markdown")[1] if differs else ""
    # Not before: a run that fails leaves no artifact rather than a part of one.
    COMMENT.mkdir(exist_ok=True)
    (COMMENT / "comment.md").write_text(text, encoding="utf-8")
    (COMMENT / "pull-request.txt").write_text(f"{pull['number']}\n", encoding="utf-8")
    print("The gate is green." if status == 0 else "The gate is red; the summary states why.")
    return status


if __name__ == "__main__":
    sys.exit(main())
