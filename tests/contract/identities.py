"""Who asks, each with credentials made through the API."""

import json
import subprocess
import urllib.error
import urllib.request

PASSWORD = "a long enough pass phrase"
ROLES = ["owner", "admin", "analyst", "publisher", "buyer", "readonly"]
# The operator of the platform and a key with every scope of its tenant reach the most, so they are asked first.
ALL = ["operator", "key", *ROLES, "nobody"]


class Api:
    """The API as one of them."""

    def __init__(self, url, headers):
        self.url, self.headers = url, headers

    def ask(self, method, path, body=None):
        """The answer's document; `RuntimeError` with the refusal."""
        headers = {**self.headers, **({"content-type": "application/json"} if body is not None else {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error
        return json.loads(text) if text else None


def bearer(url, email, password):
    """Signs in. The token is sent as `Authorization`, which needs no CSRF token."""
    answer = Api(url, {}).ask("POST", "/auth/login", {"email": email, "password": password})
    return {"Authorization": f"Bearer {answer['token']}"}


def headers_of(name, demo, binary, data):
    """What `name` sends with each request."""
    url, key = demo["api_url"], {"X-API-Key": demo["api_key"]}
    if name == "nobody":
        return {}
    if name == "key":
        return key
    if name == "operator":
        subprocess.run([binary, "--data", data, "operator", "add", demo["email"]], check=True, stdout=subprocess.DEVNULL)
        return bearer(url, demo["email"], demo["password"])
    return invited(Api(url, key), name)


def invited(admin, role):
    """Somebody new with the role, invited and signed in."""
    email = f"{role}@contract.example"
    body = {"email": email, "roles": [role]}
    if role in ("publisher", "buyer"):
        body[f"{role}Id"] = admin.ask("GET", f"/api/v1/{role}s?limit=1")["data"][0]["id"]
    link = admin.ask("POST", "/api/v1/users/invite", body)["invitation"]["link"]
    token = link.rpartition("#")[2]
    Api(admin.url, {}).ask("POST", "/auth/links/redeem", {"token": token, "password": PASSWORD})
    return bearer(admin.url, email, PASSWORD)


# Lists of what a path with `{id}` may lead to.
LISTS = [
    "agents", "api-keys", "buyers", "caller-id-pools", "calls", "campaigns", "carriers", "compliance/consents",
    "compliance/dnc-lists", "compliance/overrides", "feature-flags", "flows", "jobs", "leads", "numbers", "publishers",
    "queues", "recordings", "roles", "tags", "trunks", "users",
]


def known_ids(api):
    """The ids there are, by the path of their list."""
    found = {}
    for name in LISTS:
        listed = api.ask("GET", f"/api/v1/{name}?limit=100")["data"]
        found[f"/api/v1/{name}"] = [one["id"] for one in listed]
    return found


def own_ids(api):
    """Ids an identity stands on: whoever changes or removes them ends the run."""
    if not api.headers:
        return []
    me = api.ask("GET", "/auth/me")
    own = [me["id"], me["tenant"]["id"]]
    if "Authorization" in api.headers:
        own += [session["id"] for session in api.ask("GET", "/auth/sessions?limit=100")["data"]]
    return own
