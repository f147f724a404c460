"""What roc-validator says of a crate, without network; run by the Python of ``tests/foreign_readers.py``.

The validator asks the network for one document, what the words of RO-Crate 1.1 mean. It is given here: that
of the library rocrate, which is of a later form, with the four addresses that were others in 1.1.
"""

import io
import json
import sys
import urllib.request
from email.message import Message
from importlib.resources import files
from urllib.response import addinfourl

import requests
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

ADDRESS = "https://w3id.org/ro/crate/1.1/context"
OF_1_1 = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}
words = json.loads(files("rocrate").joinpath("data/ro-crate.jsonld").read_text("utf-8"))
CONTEXT = json.dumps({"@context": words["@context"] | OF_1_1}).encode()


class GivenToUrllib(urllib.request.BaseHandler):
    """Answers the one address; no other is asked for."""

    handler_order = 1

    def https_open(self, request):
        if request.full_url != ADDRESS:
            raise OSError(f"the network is not asked: {request.full_url}")
        headers = Message()
        headers["Content-Type"] = "application/ld+json"
        response = addinfourl(io.BytesIO(CONTEXT), headers, ADDRESS, 200)
        response.msg = "OK"
        return response

    http_open = https_open


class GivenToRequests(requests.adapters.BaseAdapter):
    """The same for the other library of the validator."""

    def send(self, request, **_):
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = (
            200 if request.url == ADDRESS else 404,
            request.url,
            request,
        )
        answer.headers["Content-Type"] = "application/ld+json"
        answer.raw = io.BytesIO(CONTEXT)
        return answer

    def close(self):
        """Nothing is open."""


def main(crate: str, profile: str) -> None:
    """Print what was found, as JSON."""
    urllib.request.install_opener(urllib.request.build_opener(GivenToUrllib))
    settings = services.ValidationSettings(
        rocrate_uri=crate,
        profile_identifier=profile,
        requirement_severity=models.Severity.REQUIRED,
        no_cache=True,
    )
    for scheme in ("https://", "http://"):
        HttpRequester().session.mount(scheme, GivenToRequests())
    found = services.validate(settings)
    issues = [
        [issue.check.identifier, issue.message, str(issue.violatingEntity)] for issue in found.get_issues()
    ]
    print(json.dumps(issues))


main(*sys.argv[1:])
