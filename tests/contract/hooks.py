"""What is done to the cases schemathesis makes up: every other one that keeps to the document is about something that is there.

Random UUIDs name nothing, so without this nearly every `{id}` would be answered 404 and no further code be reached. What breaks the
document stays as it was made.
"""

import atexit
import collections
import json
import os
import uuid

import schemathesis
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation

RUN = json.loads(os.environ["CONTRACT_RUN"])
# Ids by the last part of the path of their list: `campaigns`, `endpoints`.
POOL = collections.defaultdict(list, RUN["known"])
# Whoever asks stands on these: no request may be about them, or the rest of the run is answered 401.
OWN = set(RUN["own"])
# Members of bodies and parameters that name something else.
REFERENCES = {
    "agentId": "agents", "assignedToId": "users", "buyerId": "buyers", "callId": "calls", "callerIdPoolId": "caller-id-pools",
    "campaignId": "campaigns", "carrierId": "carriers", "endpointId": "endpoints", "flowId": "flows", "numberId": "numbers",
    "overrideId": "overrides", "publisherId": "publishers", "queueId": "queues", "recordingId": "recordings", "tagId": "tags",
    "tenantId": "tenants", "trunkId": "trunks", "userId": "users",
}
# A precondition made up at random fails, and a key makes one answer of many.
CONDITIONS = ("If-Match", "If-None-Match", "Idempotency-Key")

turns = collections.Counter()
answers = collections.defaultdict(collections.Counter)


# Files of one JSON document a line.
LINES = "application/x-ndjson"


@schemathesis.serializer(LINES)
def lines(context, value):
    """Files are texts to the document: what is sent is the example or what was made up, as it is."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.deserializer(LINES)
def text(context, response):
    """One line of JSON lines is no JSON document."""
    return response.content.decode()


def positive(case, location):
    return case.meta is None or not case.meta.is_negative_at(location)


def kind_of(path, parameter):
    """What a parameter of a path names."""
    if parameter == "id":
        return path.partition("/{id}")[0].rpartition("/")[2]
    return REFERENCES.get(parameter)


def pick(kind, turn, last=False):
    known = [one for one in POOL.get(kind, ()) if one not in OWN]
    if not known:
        return None
    return known[-1] if last else known[turn % len(known)]


def refer(value, turn):
    """The same document about things that are there."""
    if isinstance(value, list):
        return [refer(one, turn) for one in value]
    if not isinstance(value, dict):
        return value
    named = {}
    for name, member in value.items():
        kind = REFERENCES.get(name)
        known = pick(kind, turn) if kind and isinstance(member, str) else None
        named[name] = known or refer(member, turn)
    return named


@schemathesis.hook
def before_call(context, case, kwargs):
    turn = turns[case.operation.label]
    turns[case.operation.label] += 1
    removes = case.operation.method.upper() == "DELETE"
    if case.path_parameters and positive(case, ParameterLocation.PATH) and turn % 2 == 0:
        for name in case.path_parameters:
            kind = kind_of(case.operation.path, name)
            # What was made last goes first, so that there is something left for the others.
            known = pick(kind, turn // 2, last=removes) if kind else None
            if known:
                case.path_parameters[name] = known
            elif name == "version":
                case.path_parameters[name] = 1
    for name, value in (case.path_parameters or {}).items():
        if value in OWN:
            case.path_parameters[name] = str(uuid.UUID(int=turn))
    if case.media_type == LINES and not isinstance(case.body, (str, bytes, NotSet)):
        # Whatever it was made to break: sent, it is a text, as the document asks.
        case.body = json.dumps(case.body)
    if isinstance(case.body, (dict, list)) and positive(case, ParameterLocation.BODY) and turn % 2 == 0:
        case.body = refer(case.body, turn // 2)
    if case.headers and positive(case, ParameterLocation.HEADER) and turn % 4 != 3:
        for name in CONDITIONS:
            case.headers.pop(name, None)


@schemathesis.hook
def after_call(context, case, response):
    # Some cases are sent with a method the path does not have.
    if response.request.method != case.operation.method.upper():
        return
    answers[case.operation.label][response.status_code] += 1
    if response.status_code not in (200, 201):
        return
    kind = case.operation.path.rpartition("/")[2]
    try:
        # The tool's own way keeps what it read, for checks that may read it otherwise.
        document = json.loads(response.text)
    except ValueError:
        return
    made = document.get("data", []) if case.operation.method.upper() == "GET" and isinstance(document, dict) else [document]
    for one in made if isinstance(made, list) else []:
        known = one.get("id") if isinstance(one, dict) else None
        if isinstance(known, str) and not kind.startswith("{") and known not in POOL[kind]:
            POOL[kind].append(known)


@atexit.register
def tell():
    with open(RUN["answers"], "w", encoding="utf-8") as file:
        json.dump(answers, file)
