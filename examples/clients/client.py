"""A client that needs nothing but Python: it logs in, in as many steps as are asked for, and stays logged in.

    python3 examples/clients/client.py http://127.0.0.1:8400 ada
"""

import getpass
import json
import sys
import threading
import urllib.error
import urllib.request

# What to ask the user for, and where it goes, by the code of the answer that asks for it.
STEPS = {
    "second_factor_required": ("two_fa_code", "/auth/login/second-factor"),
    "invalid_second_factor": ("two_fa_code", "/auth/login/second-factor"),
    "password_change_required": ("new_password", "/auth/login/new-password"),
}


class Problem(Exception):
    """What the server refused. `code` is stable and for programs, the text is for people."""

    def __init__(self, status, document):
        super().__init__(document.get("detail", "the server could not answer"))
        self.status = status
        self.code = document.get("code")
        self.document = document


class Client:
    """One login of one user. Threads may share it."""

    def __init__(self, server):
        self.server = server.rstrip("/")
        self.tokens = None
        self._refreshing = threading.Lock()

    def log_in(self, name, password, ask):
        """Logs in. `ask` is called with the name of a field for whatever else the server wants to know."""
        path, body = "/auth/login", {"name": name, "password": password}
        while True:
            try:
                self.tokens = self._send("POST", path, body)
                return
            except Problem as problem:
                if problem.code not in STEPS:
                    raise
                field, path = STEPS[problem.code]
                # Without an app there is one thing that can be typed: a program like this has no keys.
                if field == "two_fa_code" and not problem.document.get("totp_supported", True):
                    field = "recovery_code"
                # A wrong code does not end the flow; the answer has it again.
                body = {"flow": problem.document["flow"], field: ask(field)}

    def request(self, method, path, body=None):
        """Sends a request with the access token, and once more with a new one if it is no longer good."""
        token = self.tokens["access_token"]
        try:
            return self._send(method, path, body, token)
        except Problem as problem:
            if problem.code != "invalid_token":
                raise
        self._refresh(token)
        return self._send(method, path, body, self.tokens["access_token"])

    def log_out(self):
        """Ends the session on the server."""
        self.request("POST", "/auth/logout")
        self.tokens = None

    def _refresh(self, stale):
        # A refresh token is good once, so of several threads that find their token stale one exchanges it.
        with self._refreshing:
            if self.tokens["access_token"] == stale:
                self.tokens = self._send("POST", "/auth/refresh", {"refresh_token": self.tokens["refresh_token"]})

    def _send(self, method, path, body=None, token=None):
        request = urllib.request.Request(self.server + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        if token is not None:
            request.add_header("authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise Problem(error.code, _document(error.read())) from None


def _document(body):
    # A proxy in between answers in its own words.
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}


def _ask(field):
    prompts = {
        "password": "Password: ",
        "two_fa_code": "Code: ",
        "recovery_code": "Recovery code: ",
        "new_password": "New password: ",
    }
    return getpass.getpass(prompts[field]) if sys.stdin.isatty() else input()


def main():
    _, server, name = sys.argv
    client = Client(server)
    client.log_in(name, _ask("password"), _ask)
    user = client.request("GET", "/auth/me")
    print(f"hello {user['name'] or user['username']}, your roles: {', '.join(user['roles']) or 'none'}")
    for session in client.request("GET", "/auth/sessions")["items"]:
        print(f"logged in since {session['created_at']}")
    client.log_out()


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        sys.exit(f"{problem} ({problem.code})")
