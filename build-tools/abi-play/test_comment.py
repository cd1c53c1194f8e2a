"""`.github/scripts/abi_comment.py` against a server that answers as GitHub's API does."""

import html
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile

from fake_github import BOT, TOKEN, Server

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / ".github/scripts"
MARKER = "<!-- mio-abi-report -->"
HEAD = "a" * 40
REPOSITORY = "us/mio"
FORK = {"id": 7, "owner": {"login": "someone"}, "full_name": "someone/mio"}


def packed(files):
    """A zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def report(text="## ABI\n\nreport\n", number="5"):
    """The artifact of a run."""
    return packed([("comment.md", text), ("pull-request.txt", f"{number}\n")])


def pull(number=5, head=HEAD, repo=7, branch="change", base=REPOSITORY):
    """A pull request."""
    source = None if repo is None else {"id": repo}
    return {
        "number": number,
        "head": {"sha": head, "repo": source, "label": f"someone:{branch}"},
        "base": {"repo": {"full_name": base}},
    }


class Comment(unittest.TestCase):
    """Each test is one event."""

    def setUp(self):
        self.server = self.enterContext(Server(REPOSITORY))
        self.state = self.server.state
        self.state.pulls = [pull()]
        self.run_event = {
            "id": 1,
            "event": "pull_request",
            "path": ".github/workflows/abi.yml",
            "conclusion": "failure",
            "head_sha": HEAD,
            "head_branch": "change",
            "head_repository": FORK,
        }

    def post(self, status=0, token=TOKEN):
        """Runs the script on the event. Returns what it prints."""
        with tempfile.TemporaryDirectory() as folder:
            event = pathlib.Path(folder) / "event.json"
            event.write_text(json.dumps({"workflow_run": self.run_event}), encoding="utf-8")
            environment = {
                "PATH": os.environ["PATH"],
                "GITHUB_API_URL": self.server.url,
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_TOKEN": token,
            }
            done = subprocess.run(
                [sys.executable, SCRIPTS / "abi_comment.py"],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        printed = done.stdout + done.stderr
        self.assertEqual(done.returncode, status, printed)
        self.assertNotIn("Traceback", printed)
        self.assertNotIn(TOKEN, printed)
        return printed

    def refused(self, artifact, wanted):
        """Posts nothing for this artifact, and fails with this message."""
        self.state.add_artifact(1, "abi-comment", artifact)
        self.assertIn(wanted, self.post(status=1))
        self.assertEqual(self.state.comments, {})

    def test_report_of_a_fork_is_made_renewed_and_removed(self):
        self.state.add_artifact(1, "abi-comment", report("## first\n"))
        self.post()
        self.assertEqual(self.state.bodies(5), [f"{MARKER}\nHead: {HEAD}\n\n## first\n"])
        number = self.state.comments[5][0]["id"]

        self.run_event["id"] = 2
        self.state.add_artifact(2, "abi-comment", report("## second\n"))
        self.post()
        self.assertEqual(self.state.bodies(5), [f"{MARKER}\nHead: {HEAD}\n\n## second\n"])
        self.assertEqual(self.state.comments[5][0]["id"], number, "it is the same comment")

        self.run_event["id"] = 3
        self.state.add_artifact(3, "abi-comment", report(""))
        self.post()
        self.assertEqual(self.state.bodies(5), [])

    def test_equal_report_is_not_sent_again(self):
        self.state.add_artifact(1, "abi-comment", report())
        self.post()
        self.post()
        sent = [method for method, _ in self.state.requests if method in ("POST", "PATCH")]
        self.assertEqual(sent, ["POST"])

    def test_surplus_reports_are_removed(self):
        for _ in range(3):
            self.state.add_comment(5, BOT, f"{MARKER}\nold")
        self.state.add_artifact(1, "abi-comment", report())
        self.post()
        self.assertEqual(len(self.state.bodies(5)), 1)

    def test_comments_of_others_stay(self):
        self.state.add_comment(5, "someone", f"{MARKER}\nmine")
        self.state.add_comment(5, BOT, "another workflow's")
        # The report is on the second page.
        for number in range(120):
            self.state.add_comment(5, "someone", f"{number}")
        ours = self.state.add_comment(5, BOT, f"{MARKER}\nold")
        self.state.add_artifact(1, "abi-comment", report())
        self.post()
        self.assertEqual(self.state.bodies(5, "someone")[0], f"{MARKER}\nmine")
        self.assertEqual(self.state.bodies(5)[0], "another workflow's")
        self.assertIn("report", ours["body"])
        self.assertEqual(len(self.state.comments[5]), 123)

    def test_number_of_another_pull_request_is_refused(self):
        self.state.pulls.append(pull(number=6, head="b" * 40, branch="other"))
        self.refused(report(number="6"), "pull request '6' has not the head")

    def test_number_chooses_among_pull_requests_with_the_same_head(self):
        self.state.pulls.append(pull(number=6))
        self.state.add_artifact(1, "abi-comment", report(number="6"))
        self.post()
        self.assertEqual([len(self.state.bodies(number)) for number in (5, 6)], [0, 1])

    def test_report_of_an_old_head_is_not_posted(self):
        self.state.pulls = [pull(head="b" * 40)]
        self.state.add_artifact(1, "abi-comment", report())
        self.assertIn("nothing to do", self.post())
        self.assertEqual(self.state.comments, {})

    def test_head_in_another_repository_does_not_count(self):
        for other in (pull(repo=8), pull(repo=None), pull(base="us/other")):
            self.state.pulls = [other]
            self.state.add_artifact(1, "abi-comment", report())
            self.assertIn("nothing to do", self.post())
        self.run_event["head_repository"] = None
        self.assertIn("nothing to do", self.post())
        self.assertEqual(self.state.comments, {})

    def test_missing_artifact_replaces_an_old_report_only(self):
        self.assertIn("made no report", self.post())
        self.assertEqual(self.state.comments, {})
        self.state.add_comment(5, BOT, f"{MARKER}\nold")
        self.state.add_artifact(1, "abi-comment", report(), expired=True)
        self.state.add_artifact(1, "abi-report", report())
        self.post()
        self.assertIn("made no report", self.state.bodies(5)[0])
        self.run_event["conclusion"] = "cancelled"
        self.state.comments[5][0]["body"] = f"{MARKER}\nold"
        self.post()
        self.assertEqual(self.state.bodies(5), [f"{MARKER}\nold"])

    def test_oversized_artifacts_are_refused(self):
        self.refused(report("x" * 65_536), "characters")
        # It unpacks to more than it promises to be.
        bomb = report("x" * 30_000_000)
        self.assertLess(len(bomb), 100_000)
        self.refused(bomb, "comment.md in the artifact has more than 262144 bytes")
        noise = os.urandom(300_000)
        self.refused(packed([("comment.md", noise)]), "has more than 262144 bytes")

    def test_other_content_is_refused(self):
        number = ("pull-request.txt", "5")
        self.refused(packed([number]), "the artifact lacks comment.md")
        self.refused(packed([number, ("comment.md", b"\xff")]), "is not UTF-8")
        self.refused(packed([number, ("comment.md", "a\x1b[2Jb")]), "is not plain text")
        self.refused(packed([number, ("comment.md", "a\u202eb")]), "is not plain text")
        self.refused(packed([number, ("../comment.md", "a")]), "the artifact holds '../comment.md'")
        self.refused(packed([("comment.md", "a"), number, ("x\n::add-mask::", "")]), "holds 'x\\n")
        self.refused(b"PK nothing", "is no valid zip file")

    def test_damaged_zip_files_are_refused(self):
        whole = packed([("comment.md", "text " * 99), ("pull-request.txt", "5\n")])
        # The compressed bytes follow a header of 30 bytes and the name.
        for start in range(40, 46):
            damaged = whole[:start] + b"\xff" * 9 + whole[start + 9 :]
            self.refused(damaged, "is no valid zip file")

    def test_text_cannot_mention_link_or_embed(self):
        text = (
            "@team #12 GH-3 [a](//b.c) ![i](https://b.c/i.png) [a][b] [b]: //c.d www.b.c\n"
            "<img src=x> <a href=y> <details><summary>s</summary>x<br>y</details> </script> <!-- "
            f"{MARKER}\n"
        )
        self.state.add_artifact(1, "abi-comment", report(text))
        self.post()
        (body,) = self.state.bodies(5)
        body = body[len(MARKER) :]
        marks = ["@t", "#1", "GH-3", "](", "![", "://", "][", "]:", "www.", "<img", "<a ", "<!--"]
        for gone in marks:
            self.assertNotIn(gone, body)
        self.assertNotIn("</script", body)
        self.assertIn("<details><summary>s</summary>x<br>y</details>", body)

    def test_escapes_and_entities_hide_no_mention_or_link(self):
        # GitHub looks for mentions in what Markdown has decoded. A link may follow `_`:
        # https://github.github.com/gfm/#autolinks-extension-
        text = (
            "&#64;team &commat;team &#x40;team &#35;12 &num;12 #&#49; GH\\-3 _GH-3 _www.b.c "
            "www\\.b.c https&colon;//b.c https:\\//b.c https:/\\/b.c\n"
        )
        self.state.add_artifact(1, "abi-comment", report(text))
        self.post()
        (body,) = self.state.bodies(5)
        body = html.unescape(re.sub(r"\\([-./:#&@])", r"\1", body[len(MARKER) :]))
        for gone in ["@t", "#1", "GH-3", "www.", "://"]:
            self.assertNotIn(gone, body)

    def test_blocks_cannot_draw(self):
        # https://docs.github.com/get-started/writing-on-github, "Creating diagrams"
        text = (
            "```mermaid\na\n```\n> ~~~ geoJSON `x`\n- ````stl\n```&#109;ermaid\n"
            "```toml\nb\n```\n"
        )
        self.state.add_artifact(1, "abi-comment", report(text))
        self.post()
        (body,) = self.state.bodies(5)
        found = re.findall(r"(?m)(?:`{3,}|~{3,})[ \t]*([^\n]+)$", html.unescape(body))
        self.assertEqual([info for info in found if info[0] != "\u200b"], ["toml"])

    def test_other_runs_are_refused(self):
        self.state.add_artifact(1, "abi-comment", report())
        self.run_event["path"] = ".github/workflows/other.yml"
        self.post(status=1)
        self.run_event["path"] = ".github/workflows/abi.yml@refs/pull/5/merge"
        self.post()
        self.run_event["event"] = "push"
        self.post(status=1)
        self.assertEqual(len(self.state.bodies(5)), 1)

    def test_token_does_not_reach_the_storage_server(self):
        # It answers 400 to a request with a token, so that the post fails.
        self.state.add_artifact(1, "abi-comment", report())
        self.post()
        self.assertIn(("GET", "/storage/1"), self.state.requests)

    def test_error_of_the_api_is_reported(self):
        self.assertIn("HTTP Error 401", self.post(status=1, token="wrong"))


def main():
    """Runs all tests, and counts them as libtest does."""
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(Comment)
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    failed = len(result.failures) + len(result.errors)
    word = "FAILED" if failed else "ok"
    print(f"test result: {word}. {result.testsRun - failed} passed; {failed} failed; 0 ignored")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
