"""Plays pull requests of a fork from end to end: a scratch repository, its fork, and the commands
of `.github/workflows/abi.yml` and `abi-comment.yml`, which are taken from these files. What a step
`uses` is played by the function of its name; an unknown one is an error.

`cargo xtask abi-play` starts it.
"""

import argparse
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

from fake_github import TOKEN, Server

UPSTREAM, FORK = "us/mio", "someone/mio"
BRANCH = "change"
NUMBER = 5
LABEL = "abi-accepted"

# The change of the play: a constant of a system whose headers are in the repository.
HEADER = "codegen/headers/vita.h"
SYMBOL = "POLLIN"


def run(*words, folder, status=0, env=None):
    """Runs a command. Returns its output."""
    done = subprocess.run(
        words,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    check(done.returncode == status, f"{words} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def check(holds, message):
    """Ends the play if something does not hold."""
    if not holds:
        sys.exit(f"error: {message}")


class Play:
    """A repository, its fork, GitHub's API and the runner."""

    def __init__(self, options, scratch, server):
        self.scratch, self.server = scratch, server
        self.output = options.output
        self.workflows = json.loads(options.workflows.read_text(encoding="utf-8"))
        self.runs = 0
        self.env = self.environment(options.tool)
        self.upstream, self.fork = scratch / "upstream.git", scratch / "fork.git"
        self.work = scratch / "work"
        self.import_tree(options.repository)

    def environment(self, tool):
        """The environment of all commands: `cargo codegen` runs the tool that was built."""
        programs = self.scratch / "programs"
        programs.mkdir()
        cargo = programs / "cargo"
        cargo.write_text(
            f'#!/bin/sh\n[ "$1" = codegen ] || exit 99\nshift\nexec "{tool}" "$@"\n',
            encoding="utf-8",
        )
        cargo.chmod(0o755)
        kept = ("HOME", "XDG_CACHE_HOME", "TMPDIR", "PYTHONPATH")
        env = {name: os.environ[name] for name in kept if name in os.environ}
        env["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
        env.update(LC_ALL="C.UTF-8", GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
        for role in ("AUTHOR", "COMMITTER"):
            env[f"GIT_{role}_NAME"] = "Someone"
            env[f"GIT_{role}_EMAIL"] = "someone@example.org"
        return env

    def git(self, *words, folder=None):
        """Runs git."""
        return run("git", *words, folder=folder or self.work, env=self.env).strip()

    def import_tree(self, repository):
        """Makes upstream's repository from the files of this checkout, its fork, and a clone."""
        self.work.mkdir()
        listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in self.git(*listed, folder=repository).split("\0"):
            source = repository / name
            if name and source.is_file():
                target = self.work / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("the repository")
        self.git("clone", "--quiet", "--bare", ".", str(self.upstream))
        self.git("clone", "--quiet", "--bare", ".", str(self.fork))
        self.git("remote", "add", "origin", str(self.fork))
        self.git("checkout", "--quiet", "-b", BRANCH)

    def commit(self, subject):
        """Commits everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)

    def codegen(self, *words, status=0):
        """Runs the tool as the contributor does."""
        return run("cargo", "codegen", *words, folder=self.work, status=status, env=self.env)

    def push(self):
        """Pushes to the fork. GitHub makes the head of a pull request readable in upstream."""
        self.git("push", "--quiet", "--force", "origin", f"HEAD:{BRANCH}")
        head = self.git("rev-parse", "HEAD")
        self.git("fetch", "--quiet", str(self.fork), f"+{BRANCH}:refs/pull/{NUMBER}/head",
                 folder=self.upstream)
        self.server.state.pulls = [{
            "number": NUMBER,
            "head": {"sha": head, "repo": {"id": 7}, "label": f"someone:{BRANCH}"},
            "base": {"repo": {"full_name": UPSTREAM}},
        }]
        return head

    def event(self, action, labels, label):
        """The event of the pull request."""
        event = {
            "action": action,
            "number": NUMBER,
            "pull_request": {
                "number": NUMBER,
                "labels": [{"name": name} for name in labels],
                "head": {"sha": self.git("rev-parse", "HEAD"), "ref": BRANCH,
                         "repo": {"full_name": FORK}},
                "base": {"ref": "main", "repo": {"full_name": UPSTREAM}},
            },
        }
        if label is not None:
            event["label"] = {"name": label}
        return event

    def play(self, title, action, labels=(), label=None):
        """Plays one event: the workflow `abi`, then `abi-comment`. Returns what came of it."""
        self.runs += 1
        results = self.output / f"{self.runs}-{title}"
        results.mkdir(parents=True)
        event = self.event(action, labels, label)
        abi = self.job("abi", "pull_request", event, results)
        run_event = {
            "workflow_run": {
                "id": self.runs,
                "event": "pull_request",
                "path": ".github/workflows/abi.yml",
                "conclusion": "success" if abi.status == 0 else "failure",
                "head_sha": event["pull_request"]["head"]["sha"],
                "head_branch": BRANCH,
                "head_repository": {"id": 7, "owner": {"login": "someone"}, "full_name": FORK},
            }
        }
        comment = self.job("abi-comment", "workflow_run", run_event, results)
        check(comment.status == 0, f"abi-comment failed:\n{comment.log}")
        bodies = self.server.state.bodies(NUMBER)
        check(len(bodies) <= 1, "there is one comment")
        abi.comment = bodies[0] if bodies else ""
        (results / "comment.md").write_text(abi.comment, encoding="utf-8")
        (results / "verdict.txt").write_text(
            f"exit status {abi.status}\n", encoding="utf-8"
        )
        word = "green" if abi.status == 0 else "red"
        print(f"{results.name}: {action}: the gate is {word}, "
              f"the comment has {len(abi.comment)} characters", flush=True)
        return abi

    def job(self, name, kind, event, results):
        """Runs the one job of a workflow."""
        workflow = self.workflows[name]
        check(kind in workflow["on"], f"{name} does not run on {kind}")
        wanted = workflow["on"][kind]
        types = wanted.get("types") or []
        action = event.get("action", "completed")
        check(action in types, f"{name} does not run on the action {action}")
        (job,) = workflow["jobs"].values()
        return Job(self, name, job, event, results).run()


class Job:
    """A run of a job."""

    def __init__(self, play, name, job, event, results):
        self.play, self.name, self.job = play, name, job
        self.event, self.results = event, results
        self.folder = play.scratch / f"runner-{play.runs}-{name}"
        self.folder.mkdir()
        self.status, self.log, self.summary, self.comment = 0, "", "", ""

    def run(self):
        """Runs the steps; after a failure, only those that ask for it."""
        if "if" in self.job:
            check(self.condition(self.job["if"]), f"the job of {self.name} does not run")
        for step in self.job["steps"]:
            if self.status != 0 and not self.condition(step.get("if", "success()")):
                continue
            known = {"uses", "with", "if", "run", "env", "name"}
            check(set(step) <= known, f"{self.name}: the play does not know {set(step) - known}")
            if "run" in step:
                self.run_script(step)
            else:
                action = step["uses"].split("@")[0].split("/")[-1].replace("-", "_")
                method = getattr(self, f"use_{action}", None)
                check(method, f"{self.name}: the play does not know `uses: {step['uses']}`")
                method({key: self.value(text) for key, text in step.get("with", {}).items()})
        (self.results / f"{self.name}.log").write_text(self.log, encoding="utf-8")
        if self.summary:
            (self.results / "summary.md").write_text(self.summary, encoding="utf-8")
        return self

    def run_script(self, step):
        """Runs a step with the environment of GitHub's runner."""
        summary, event = self.folder / "summary", self.folder / "event.json"
        event.write_text(json.dumps(self.event), encoding="utf-8")
        env = {
            **self.play.env,
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.play.server.url,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": UPSTREAM,
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        for name, text in {**self.job.get("env", {}), **step.get("env", {})}.items():
            env[name] = self.value(text)
        # The default shell: https://docs.github.com/en/actions/reference/workflows-and-actions/
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=self.folder / "checkout",
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        self.log += done.stdout
        self.status = self.status or done.returncode
        if summary.exists():
            self.summary += summary.read_text(encoding="utf-8")

    def use_checkout(self, options):
        """`actions/checkout`: a clone of upstream at the head, or at main."""
        upstream = str(self.play.upstream)
        self.play.git("clone", "--quiet", "--no-checkout", upstream, "checkout", folder=self.folder)
        folder = self.folder / "checkout"
        head = options.get("ref", "origin/main")
        if options.get("fetch-depth") == "0":
            self.play.git("fetch", "--quiet", "origin", "+refs/pull/*:refs/pull/*", folder=folder)
        # One commit otherwise; the play's clone has all, so that a step must not rely on it.
        self.play.git("checkout", "--quiet", "--detach", head, folder=folder)
        check(options.get("persist-credentials") == "false", f"{self.name} keeps the token")
        if self.name == "abi-comment":
            check("ref" not in options, "abi-comment runs the code of main only")

    def use_upload_artifact(self, options):
        """`actions/upload-artifact`: packs a folder for the API, and keeps a copy."""
        source = self.folder / "checkout" / options["path"]
        if not source.is_dir():
            return
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(source.rglob("*")):
                archive.write(path, path.relative_to(source))
        self.play.server.state.add_artifact(self.play.runs, options["name"], stream.getvalue())
        shutil.copytree(source, self.results / options["name"])

    def condition(self, text):
        """A condition. `success()` is false here, because a step has failed."""
        text = re.sub(r"^\$\{\{\s*(.*?)\s*\}\}$", r"\1", str(text))
        if text == "github.event.workflow_run.event == 'pull_request'":
            return self.event["workflow_run"]["event"] == "pull_request"
        values = {"success()": False, "!cancelled()": True, "always()": True}
        check(text in values, f"{self.name}: the play does not know the condition `{text}`")
        return values[text]

    def value(self, text):
        """A text with its expressions replaced."""
        if isinstance(text, bool):
            return str(text).lower()

        def one(found):
            name = found[1].strip()
            if name == "github.token":
                check(self.name == "abi-comment", "code of a fork sees no token")
                return TOKEN
            value = {"github": {"event": self.event}}
            for part in name.split("."):
                check(isinstance(value, dict) and part in value, f"the play does not know {name}")
                value = value[part]
            return str(value)

        return re.sub(r"\$\{\{(.*?)\}\}", one, str(text))


def check_permissions(workflows):
    """The workflow that runs code of a fork only reads; the other one has no more than it needs."""
    abi, comment = workflows["abi"], workflows["abi-comment"]
    check(abi["permissions"] == {"contents": "read"}, "abi has other permissions")
    wanted = {"actions": "read", "contents": "read", "pull-requests": "write"}
    check(comment["permissions"] == wanted, "abi-comment has other permissions")
    for name, workflow in workflows.items():
        jobs = workflow["jobs"].values()
        has_none = all("permissions" not in job for job in jobs)
        check(has_none, f"a job of {name} has its own permissions")
    text = json.dumps(abi)
    check("secrets" not in text and "token" not in text, "abi names a secret or a token")
    check(set(abi["on"]) == {"pull_request"}, "abi runs on pull_request alone")
    check(set(comment["on"]) == {"workflow_run"}, "abi-comment runs on workflow_run alone")
    check(comment["on"]["workflow_run"]["workflows"] == ["abi"], "abi-comment follows abi")


def changed(play, old, new):
    """Changes the value of the symbol, and regenerates."""
    path = play.work / HEADER
    text = path.read_text(encoding="utf-8")
    pattern = re.compile(rf"(#\s*define\s+{SYMBOL}\s+){re.escape(old)}\b")
    check(len(pattern.findall(text)) == 1, f"{HEADER} does not define {SYMBOL} as {old}")
    path.write_text(pattern.sub(rf"\g<1>{new}", text), encoding="utf-8")
    play.codegen("--os", "vita")


def value_of(play):
    """The value of the symbol in the header."""
    text = (play.work / HEADER).read_text(encoding="utf-8")
    found = re.search(rf"#\s*define\s+{SYMBOL}\s+(\S+)", text)
    check(found, f"{HEADER} does not define {SYMBOL}")
    return found[1]


def main():
    """Plays all events."""
    parser = argparse.ArgumentParser()
    for option in ("--tool", "--repository", "--workflows", "--output"):
        parser.add_argument(option, type=pathlib.Path, required=True)
    options = parser.parse_args()
    check_permissions(json.loads(options.workflows.read_text(encoding="utf-8")))
    if options.output.exists():
        check(not any(options.output.iterdir()), f"{options.output} is not empty")
    with tempfile.TemporaryDirectory(prefix="abi-play-") as scratch, Server(UPSTREAM) as server:
        play = Play(options, pathlib.Path(scratch), server)
        scenes(play)
        print(f"test result: ok. {play.runs} passed; 0 failed; 0 ignored")
    print(f"reports, comments and annotations: {options.output}")


def scenes(play):
    """The events, and what must come of each."""
    # 1. The change of a fork is red, in the comment and beside its line.
    original = value_of(play)
    changed(play, original, "0x4000")
    play.commit("vita: another POLLIN")
    head = play.push()
    red = play.play("opened", "opened")
    check(red.status == 1, f"the gate is not red:\n{red.log}")
    check(f"Head: {head}" in red.comment and "**The gate is red: 1 not accepted.**" in red.comment,
          f"the comment is another one:\n{red.comment}")
    snapshot = "codegen/snapshots/vita-all.json"
    lines = (play.work / snapshot).read_text(encoding="utf-8").splitlines()
    line = 1 + next(n for n, text in enumerate(lines) if f'"name": "{SYMBOL}"' in text)
    wanted = f"::error file={snapshot},line={line},title=ABI%3A const {SYMBOL}::"
    check(wanted in red.log, f"no {wanted} in:\n{red.log}")
    check("**The gate is red: 1 not accepted.**" in red.summary, "the summary is another one")
    sarif = json.loads((red.results / "abi-report/abi.sarif").read_text(encoding="utf-8"))
    check(len(sarif["runs"][0]["results"]) == 1, "SARIF has one result")

    # 2. The command of the report accepts it. It is green, and the same comment is renewed.
    found = re.search(r"cargo codegen accept (\S+) ", red.summary.replace("\\", ""))
    check(found, f"no command in:\n{red.summary}")
    play.codegen("accept", found[1], status=2)
    accept = ("accept", found[1], "--reason", "a play", "--by", "Someone", "--until", "2999-12-31")
    play.codegen(*accept)
    play.commit("accept the change")
    head = play.push()
    green = play.play("accepted", "synchronize")
    check(green.status == 0, f"the gate is not green:\n{green.log}")
    check(f"Head: {head}" in green.comment and "The gate is green: 1 change is accepted."
          in green.comment, f"the comment is another one:\n{green.comment}")
    check("::error" not in green.log and "::notice file=" in green.log, green.log)
    numbers = [comment["id"] for comment in play.server.state.comments[NUMBER]]
    check(numbers == [1], "it is the same comment")

    # 3. The accepted change with another value is another change.
    changed(play, "0x4000", "0x2000")
    play.commit("vita: yet another POLLIN")
    play.push()
    other = play.play("other-value", "synchronize")
    check(other.status == 1 and "1 matching nothing, 1 not accepted" in other.comment,
          f"another value passes:\n{other.comment}")

    # 4. The label accepts it when it is set, but not what is pushed later.
    labeled = play.play("labeled", "labeled", [LABEL], LABEL)
    check(labeled.status == 0 and "accepts what is red below" in labeled.summary, labeled.summary)
    (play.work / "notes.txt").write_text("later\n", encoding="utf-8")
    play.commit("later")
    play.push()
    later = play.play("pushed-later", "synchronize", [LABEL])
    check(later.status == 1 and "remove it and set it again" in later.summary, later.summary)
    unrelated = play.play("other-label", "labeled", [LABEL, "other"], "other")
    check(unrelated.status == 1, "another label accepts nothing")

    # 5. Without a difference there is no comment.
    changed(play, "0x2000", original)
    play.codegen("accept", "--prune")
    play.commit("vita: the old POLLIN")
    play.push()
    same = play.play("undone", "synchronize")
    check(same.status == 0 and same.comment == "", f"it still differs:\n{same.comment}")

    # 6. What cannot be compared is neither red nor green, and leaves no old report.
    (play.work / "codegen/accepted.toml").write_text("[[accept]]\n", encoding="utf-8")
    play.commit("an invalid file")
    play.push()
    broken = play.play("invalid", "synchronize", [LABEL], None)
    check(broken.status == 2 and "codegen/accepted.toml" in broken.log, broken.log)


if __name__ == "__main__":
    main()
