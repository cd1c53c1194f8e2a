#!/usr/bin/env python3
"""Posts the report of the workflow `abi` as the one comment on its pull request.

Runs on the event `workflow_run`, with the code of main and a token that may write comments. Code of a
fork made the artifact, so its content is text to be checked, and nothing in it decides where it is
posted: the pull request is found by the head of the run, which GitHub states.
https://securitylab.github.com/research/github-actions-preventing-pwn-requests/
"""

import io
import json
import lzma
import os
import pathlib
import re
import struct
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib

MARKER = "<!-- mio-abi-report -->"
WORKFLOW = ".github/workflows/abi.yml"
ARTIFACT = "abi-comment"
BOT = "github-actions[bot]"

# https://github.com/orgs/community/discussions/41331
MAX_CHARS = 65_536
# A text of that length has at most four bytes a character.
MAX_BYTES = 4 * MAX_CHARS
CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
FILES = {"comment.md": MAX_BYTES, "pull-request.txt": 20}

# What zipfile and the modules that it unpacks with raise.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


class Refused(Exception):
    """The artifact or the event is not what the workflow makes."""


class WithoutToken(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to a storage server without the token."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None:
            new.remove_header("Authorization")
        return new


class Api:
    """GitHub's REST API: https://docs.github.com/en/rest."""

    def __init__(self, url, repository, token):
        self.root = f"{url}/repos/{repository}"
        self.token = token
        self.opener = urllib.request.build_opener(WithoutToken)

    def call(self, method, path, body=None, limit=16 * 1024 * 1024):
        """Sends a request and returns the bytes of the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        with self.opener.open(request, timeout=60) as answer:
            read = answer.read(limit + 1)
        if len(read) > limit:
            raise Refused(f"the answer to {method} {path} has more than {limit} bytes")
        return read

    def get(self, path):
        """A value."""
        return json.loads(self.call("GET", path))

    def pages(self, path):
        """All items of a list."""
        items, page = [], 1
        mark = "&" if "?" in path else "?"
        while True:
            found = self.get(f"{path}{mark}per_page=100&page={page}")
            items += found
            if len(found) < 100:
                return items
            page += 1


def pulls_of(api, run, repository):
    """The open pull requests whose head is the run's, as GitHub states both.

    `workflow_run.pull_requests` is empty for forks, so they are looked up by their branch.
    """
    source = run["head_repository"]
    if source is None:
        return []
    head = urllib.parse.quote(f"{source['owner']['login']}:{run['head_branch']}", safe="")
    return [
        pull
        for pull in api.pages(f"/pulls?state=open&head={head}")
        if pull["head"]["sha"] == run["head_sha"]
        and pull["head"]["repo"] is not None
        and pull["head"]["repo"]["id"] == source["id"]
        and pull["base"]["repo"]["full_name"] == repository
    ]


def artifact(api, run):
    """The files of the artifact; none if the run left none."""
    found = api.get(f"/actions/runs/{run['id']}/artifacts?name={ARTIFACT}&per_page=100")
    kept = [one for one in found["artifacts"] if one["name"] == ARTIFACT and not one["expired"]]
    if not kept:
        return None
    # A run that was repeated has one of each attempt.
    newest = max(kept, key=lambda one: one["id"])
    packed = api.call("GET", f"/actions/artifacts/{int(newest['id'])}/zip", limit=MAX_BYTES)
    try:
        return unpacked(packed)
    except DAMAGED as error:
        raise Refused(f"the artifact is no valid zip file: {ascii(str(error))}") from error


def unpacked(packed):
    """The texts in a zip file, which must be the expected ones and small."""
    texts = {}
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for info in archive.infolist():
            limit = FILES.get(info.filename)
            if limit is None or info.filename in texts:
                raise Refused(f"the artifact holds {ascii(info.filename)}")
            with archive.open(info) as file:
                content = file.read(limit + 1)
            if len(content) > limit:
                raise Refused(f"{info.filename} in the artifact has more than {limit} bytes")
            texts[info.filename] = plain(info.filename, content)
    for name in FILES:
        if name not in texts:
            raise Refused(f"the artifact lacks {name}")
    return texts


def plain(name, content):
    """The text of a file that is plain text."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{name} in the artifact is not UTF-8") from error
    # Control characters, and those that reorder or hide text.
    if re.search("[" + CONTROLS + "]", text):
        raise Refused(f"{name} in the artifact is not plain text")
    return text


def harmless(text):
    """The text without what GitHub would make more than text of: mentions of people and teams,
    references to issues, links, images, diagrams, and HTML other than that of the report.
    """
    gap = "\u200b"
    # Mentions are looked for after entities (`&#64;`) and escapes (`GH\-3`) are decoded.
    text = re.sub(r"&(?=[#A-Za-z])", "&" + gap, text)
    text = re.sub(r"\\(?=[-./:#&@])", r"\\" + gap, text)
    text = re.sub(r"<(?!/?(?:details|summary|code)>|br>)", "&lt;", text)
    text = text.replace("@", "@" + gap)
    text = re.sub(r"(?i)(#|gh-)(?=\d)", r"\1" + gap, text)
    text = re.sub(r"\](?=[\[(:])", "]" + gap, text)
    text = text.replace("![", "!" + gap + "[")
    text = text.replace("://", ":" + gap + "//")
    # A block in a language such as `mermaid` or `stl` is drawn. That of the report is `toml`.
    text = re.sub(r"(`{3,}|~{3,})(?=[ \t]*[^\s`~])(?!toml\n)", r"\1" + gap, text)
    return re.sub(r"(?i)(www)\.", r"\1" + gap + ".", text)


def body_of(run, text):
    """The body of the comment: the marker, the head that GitHub states, and the text."""
    body = f"{MARKER}\nHead: {run['head_sha']}\n\n{harmless(text)}"
    if len(body) > MAX_CHARS:
        raise Refused(f"the comment would have {len(body)} of {MAX_CHARS} characters")
    return body


def post(api, number, body):
    """Makes `body` the only report on the pull request; an empty one removes it."""
    comments = api.pages(f"/issues/{number}/comments")
    ours = [
        comment
        for comment in comments
        # Anyone can write the marker.
        if comment["user"]["login"] == BOT and comment["body"].startswith(MARKER)
    ]
    kept, surplus = (ours[:1], ours[1:]) if body else ([], ours)
    for comment in surplus:
        api.call("DELETE", f"/issues/comments/{int(comment['id'])}")
        print(f"removed comment {comment['id']}")
    if kept and kept[0]["body"] != body:
        api.call("PATCH", f"/issues/comments/{int(kept[0]['id'])}", {"body": body})
        print(f"renewed comment {kept[0]['id']}")
    elif body and not kept:
        made = json.loads(api.call("POST", f"/issues/{number}/comments", {"body": body}))
        print(f"made comment {made['id']}")
    return bool(ours)


def has_report(api, number):
    """Whether the pull request has a report."""
    return any(
        comment["user"]["login"] == BOT and comment["body"].startswith(MARKER)
        for comment in api.pages(f"/issues/{number}/comments")
    )


def main():
    """Posts the report of the run in the event."""
    event = json.loads(pathlib.Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    run, repository = event["workflow_run"], os.environ["GITHUB_REPOSITORY"]
    if run["event"] != "pull_request" or run["path"].split("@")[0] != WORKFLOW:
        raise Refused("this is no run of the workflow abi for a pull request")
    api = Api(os.environ["GITHUB_API_URL"], repository, os.environ["GITHUB_TOKEN"])
    pulls = pulls_of(api, run, repository)
    numbers = [int(pull["number"]) for pull in pulls]
    if not numbers:
        print(f"no open pull request has the head {run['head_sha']}; nothing to do")
        return
    texts = artifact(api, run)
    if texts is None:
        if run["conclusion"] == "cancelled":
            print("the run was cancelled; nothing to do")
            return
        # An old report would be taken for that of this head.
        body = body_of(run, "This run of the workflow `abi` made no report.")
        for number in numbers:
            if has_report(api, number):
                post(api, number, body)
        print("the run made no report")
        return
    claimed = texts["pull-request.txt"].strip()
    if claimed not in [str(number) for number in numbers]:
        raise Refused(f"pull request {ascii(claimed)} has not the head {run['head_sha']}")
    text = texts["comment.md"]
    post(api, int(claimed), body_of(run, text) if text.strip() else "")


if __name__ == "__main__":
    try:
        main()
    except Refused as error:
        print(f"::error title=ABI comment::{error}")
        sys.exit(1)
    except urllib.error.URLError as error:
        print(f"::error title=ABI comment::GitHub's API failed: {ascii(str(error))}")
        sys.exit(1)
