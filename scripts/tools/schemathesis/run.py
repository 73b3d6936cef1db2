"""Sends generated requests to a running service, made by schemathesis from its OpenAPI document, and holds every answer
against that document.

usage: run.py URL --valid N --invalid N [--seed N] [--breaking-hook]

Prints one JSON object: how many requests of each class were answered, by operation and status, and the first failures.
A request counts as invalid only if it was refused: what schemathesis negates can become valid when it is written down
as text (a query's `5` was a number); it then answers as valid, which is counted by itself.

`--breaking-hook` changes answers of one operation on their way back, in each of three ways; checks that work report all.
"""

import argparse
import json
import sys
from collections import Counter

import hypothesis
import jsonschema_rs
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup

# Of 100 requests of a class, how many go to each operation that has something to vary. The rest is asked a few times.
SHARES = {
    "POST /api/analyze": 40,
    "POST /api/analyze/batch": 15,
    "POST /api/analyze/stream": 10,
    "GET /api/history": 20,
    "GET /api/history/{id}": 10,
    "DELETE /api/history/{id}": 5,
}
FIXED_EXAMPLES = 20
NDJSON = "application/x-ndjson"
DEADLINE = "X-Deadline-Ms"
# Shorter ones are valid, and answered with 503 where the machine is not that fast.
SHORTEST_DEADLINE_MS = 5_000
# `text_empty`: a schema cannot say that nothing is left after cleaning; an id that does not exist.
ACCEPTED = ["200", "204", "404", "422"]
REFUSED = ["400", "413", "415", "422", "431"]
SHOWN_FAILURES = 10
BROKEN = "GET /api/history"


@schemathesis.serializer(NDJSON)
def write_line(_context, value):
    """One line of a stream, as JSON."""
    return json.dumps(value).encode() + b"\n"


@schemathesis.deserializer(NDJSON)
def read_line(_context, response):
    """The line that is answered to one line."""
    return lines_of(response)[0]


# Ids of what the service has answered, so that some of those that are asked for exist.
answered_ids = []


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Makes valid requests such as people send: a deadline that can be met (503 is right for others), an id that exists."""
    if case.meta.generation.mode.is_negative:
        return
    given = (case.headers or {}).get(DEADLINE)
    if given is not None:
        case.headers[DEADLINE] = str(max(int(given), SHORTEST_DEADLINE_MS))
    if "id" in (case.path_parameters or {}) and len(answered_ids) > 0:
        case.path_parameters["id"] = answered_ids.pop() if case.method == "DELETE" else answered_ids[-1]


@schemathesis.check
def every_line_refused(_context, response, case):
    """A stream is accepted as such, and refuses its lines one by one, where schemathesis expects a status."""
    if is_refusal(response) or is_valid_line(case.body):
        return
    raise AssertionError("an invalid line was accepted")


def is_valid_line(value):
    """What was negated can be valid as JSON again."""
    return line_schema.is_valid(value)


class Tally:
    def __init__(self):
        self.valid = Counter()
        self.invalid = Counter()
        self.became_valid = Counter()
        self.failures = []
        self.failed = Counter()

    def add(self, name, mode, response, failures):
        key = f"{name} {response.status_code}"
        if mode.is_positive:
            self.valid[key] += 1
        elif is_refusal(response):
            self.invalid[key] += 1
        else:
            self.became_valid[key] += 1
        for failure in failures:
            self.failed[failure.split("\n")[0]] += 1
            if len(self.failures) < SHOWN_FAILURES:
                self.failures.append({"operation": name, "mode": mode.value, "failure": failure})

    def report(self):
        classes = {"valid": self.valid, "invalid": self.invalid, "becameValid": self.became_valid}
        return {
            **{name: {"total": counter.total(), "by": dict(sorted(counter.items()))} for name, counter in classes.items()},
            "failed": dict(self.failed),
            "failures": self.failures,
        }


def is_refusal(response):
    """A stream answers each line by itself: it refuses a line in its body."""
    if response.headers.get("content-type", [""])[0].startswith(NDJSON):
        return all("error" in line for line in lines_of(response))
    return 400 <= response.status_code < 500


def lines_of(response):
    """Lines end with a line feed and nothing else: a text may hold what other programs take for the end of a line."""
    return [json.loads(line) for line in response.content.split(b"\n") if line]


def broken(response, number):
    """What a service that is wrong could answer; an invalid request is accepted by all but the first."""
    response.status_code, response.content = [
        (500, response.content),
        (200, b'{"entries": [{"text": 1}], "nextCursor": null}'),
        (299, response.content),
    ][number % 3]
    return response


def checks_of(mode, name):
    load_all_checks()
    registry = schemathesis.checks.CHECKS
    names = [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
    if mode.is_positive:
        names.append("positive_data_acceptance")
    else:
        names.append("every_line_refused" if name.endswith("/stream") else "negative_data_rejection")
    return registry.get_by_names(names)


def run(operation, mode, examples, seed, session, tally, breaking):
    name = operation.label
    checks = checks_of(mode, name)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def send(case):
        response = case.call(session=session)
        if mode.is_positive and name == "POST /api/analyze" and response.status_code == 200:
            answered_ids.append(response.json()["id"])
        if breaking and name == BROKEN:
            response = broken(response, tally.valid.total() + tally.invalid.total())
        failures = []
        try:
            case.validate_response(response, checks=checks)
        except FailureGroup as group:
            failures = [getattr(one, "title", None) or str(one) for one in group.exceptions]
        if failures:
            failures = [f"{one}\n{case.as_curl_command()[:600]}\n{response.status_code} {response.text[:300]}" for one in failures]
        tally.add(name, mode, response, failures)

    try:
        send()
    except (hypothesis.errors.Unsatisfiable, schemathesis.errors.InvalidSchema):
        # There is nothing in this operation that could be wrong.
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--valid", type=int, required=True)
    parser.add_argument("--invalid", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--breaking-hook", action="store_true")
    options = parser.parse_args()

    config = schemathesis.Config.from_dict(
        {
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ACCEPTED},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            }
        }
    )
    schema = schemathesis.openapi.from_url(f"{options.url}/openapi.json", config=config)
    global line_schema
    document = requests.get(f"{options.url}/openapi.json", timeout=10).json()
    line_schema = jsonschema_rs.validator_for(document["components"]["schemas"]["StreamRequestLine"])
    operations = {one.ok().label: one.ok() for one in schema.get_all_operations()}
    unknown = set(SHARES) - set(operations)
    if unknown:
        sys.exit(f"the document has no {', '.join(sorted(unknown))}: change SHARES")
    tally = Tally()
    session = requests.Session()
    for mode, wanted, counter in (
        (GenerationMode.POSITIVE, options.valid, tally.valid),
        (GenerationMode.NEGATIVE, options.invalid, tally.invalid),
    ):
        for name, operation in operations.items():
            share = SHARES.get(name)
            examples = FIXED_EXAMPLES if share is None else max(1, wanted * share // 100)
            run(operation, mode, examples, options.seed, session, tally, options.breaking_hook)
        # Some operations have fewer different requests than were asked of them.
        fill = 1
        while counter.total() < wanted and fill < 10:
            run(operations["POST /api/analyze"], mode, wanted - counter.total(), options.seed + fill, session, tally, False)
            fill += 1
    print(json.dumps(tally.report()))


main()
