"""Prints the releases of packages in the Python package index as JSON.

pip's own session asks the index, so that its configuration holds: the address of the index,
proxies and certificates. The answer is that of PEP 691 with the dates of PEP 700:
https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

import json
import sys

from pip._internal.commands import create_command
from pip._vendor.packaging.utils import parse_wheel_filename
from pip._vendor.packaging.version import InvalidVersion

FORMAT = "application/vnd.pypi.simple.v1+json"


def wheels(files):
    """The wheels, the oldest version first."""
    found = []
    for file in files:
        try:
            _, version, build, _ = parse_wheel_filename(file["filename"])
        except (InvalidVersion, ValueError):
            # A source archive, or a name that is older than the specification.
            continue
        release = {
            "version": file["filename"].split("-")[1],
            "file": file["filename"],
            "sha256": file["hashes"].get("sha256", ""),
            "released": file.get("upload-time", "")[:10],
            "yanked": bool(file.get("yanked", False)),
            "preview": version.is_prerelease,
        }
        # Of two wheels of a version, the one with the higher build number replaces the other.
        found.append(((version, build), release))
    return [release for _, release in sorted(found, key=lambda one: one[0])]


def main(packages):
    """Asks the index for each package."""
    command = create_command("index")
    options, _ = command.parse_args(["versions", *packages[:1]])
    answers = {}
    with command.main_context():
        session = command._build_session(options)
        for package in packages:
            url = f"{options.index_url.rstrip('/')}/{package}/"
            answer = session.get(url, headers={"Accept": FORMAT})
            if not answer.ok:
                sys.exit(f"{url} answers with status {answer.status_code}")
            kind = answer.headers.get("Content-Type", "")
            if not kind.startswith(FORMAT):
                sys.exit(f"{url} answers with {kind or 'no type'}, not with {FORMAT}")
            answers[package] = wheels(answer.json()["files"])
    json.dump(answers, sys.stdout)


try:
    main(sys.argv[1:])
except OSError as error:
    # The errors of requests, too.
    sys.exit(str(error))
