"""The part of GitHub's REST API that `.github/scripts/abi_comment.py` uses, on loopback.

It rejects requests without the token, and a request to the storage server with one: GitHub answers
a download with a redirect, and the storage server rejects a token of GitHub.
https://docs.github.com/en/rest/actions/artifacts#download-an-artifact
"""

import http.server
import json
import re
import threading
import urllib.parse

TOKEN = "the-token"
BOT = "github-actions[bot]"


class State:
    """What the server knows."""

    def __init__(self, repository):
        self.repository = repository
        self.pulls = []
        self.comments = {}
        self.artifacts = {}
        self.requests = []
        self.last_comment = 0

    def add_artifact(self, run, name, packed, expired=False):
        """Adds an artifact to a run."""
        all_of_run = self.artifacts.setdefault(run, [])
        number = sum(len(others) for others in self.artifacts.values()) + 1
        one = {"id": number, "name": name, "size_in_bytes": len(packed), "expired": expired}
        all_of_run.append((one, packed))

    def add_comment(self, number, login, body):
        """Adds a comment to a pull request."""
        self.last_comment += 1
        comment = {"id": self.last_comment, "user": {"login": login}, "body": body}
        self.comments.setdefault(number, []).append(comment)
        return comment

    def bodies(self, number, login=BOT):
        """The comments of a user on a pull request."""
        all_of_it = self.comments.get(number, [])
        return [comment["body"] for comment in all_of_it if comment["user"]["login"] == login]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Prints nothing; the state has all requests."""

    def answer(self, status, body=b"", headers=()):
        """Sends an answer."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        """Every method has one place."""
        self.handle_request()

    do_POST = do_PATCH = do_DELETE = do_GET

    def handle_request(self):
        """Finds the answer."""
        length = int(self.headers.get("Content-Length", 0))
        sent = json.loads(self.rfile.read(length)) if length else None
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.state.requests.append((self.command, url.path))
        token = self.headers.get("Authorization")
        if stored := re.fullmatch(r"/storage/(\d+)", url.path):
            if token is not None:
                return self.answer(400, {"message": "the storage server takes no token"})
            return self.answer(200, self.packed(int(stored[1])))
        if token != f"Bearer {TOKEN}":
            return self.answer(401, {"message": "Bad credentials"})
        prefix = f"/repos/{self.state.repository}"
        if not url.path.startswith(prefix):
            return self.answer(404, {"message": "Not Found"})
        return self.answer_api(url.path[len(prefix) :], query, sent)

    def answer_api(self, path, query, sent):
        """Answers a request of the API."""
        state, method = self.state, self.command
        if (method, path) == ("GET", "/pulls"):
            found = [pull for pull in state.pulls if pull["head"]["label"] == query["head"]]
            return self.answer(200, page(found, query))
        if found := re.fullmatch(r"/actions/runs/(\d+)/artifacts", path):
            all_of_run = state.artifacts.get(int(found[1]), [])
            named = [one for one, _ in all_of_run if one["name"] == query["name"]]
            return self.answer(200, {"total_count": len(named), "artifacts": named})
        if found := re.fullmatch(r"/actions/artifacts/(\d+)/zip", path):
            # Another host: `localhost` is none of the API.
            port = self.server.server_address[1]
            place = f"http://localhost:{port}/storage/{found[1]}"
            return self.answer(302, headers=[("Location", place)])
        if found := re.fullmatch(r"/issues/(\d+)/comments", path):
            number = int(found[1])
            if method == "GET":
                return self.answer(200, page(state.comments.get(number, []), query))
            return self.answer(201, state.add_comment(number, BOT, sent["body"]))
        if found := re.fullmatch(r"/issues/comments/(\d+)", path):
            return self.change(int(found[1]), sent)
        return self.answer(404, {"message": "Not Found"})

    def change(self, wanted, sent):
        """Edits or removes a comment."""
        for comments in self.state.comments.values():
            for comment in comments:
                if comment["id"] == wanted and self.command == "PATCH":
                    comment["body"] = sent["body"]
                    return self.answer(200, comment)
                if comment["id"] == wanted and self.command == "DELETE":
                    comments.remove(comment)
                    return self.answer(204)
        return self.answer(404, {"message": "Not Found"})

    def packed(self, wanted):
        """The bytes of an artifact."""
        for all_of_run in self.state.artifacts.values():
            for one, packed in all_of_run:
                if one["id"] == wanted:
                    return packed
        return b""


def page(items, query):
    """One page of a list."""
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[(number - 1) * size : number * size]


class Server:
    """A server on a port of loopback, while a `with` block runs."""

    def __init__(self, repository):
        self.state = State(repository)
        handler = type("Bound", (Handler,), {"state": self.state})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
