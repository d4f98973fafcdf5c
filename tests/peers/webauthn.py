"""soft-webauthn, asked by the test beside it: a JSON array of questions on stdin, one of answers on stdout.

It holds one key at a time, which goes back and forth with the questions."""

import base64
import json
import sys

from cryptography.hazmat.primitives import serialization
from soft_webauthn import SoftWebauthnDevice

def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def encoded(value):
    return base64.urlsafe_b64encode(value).decode().rstrip("=") if isinstance(value, bytes) else value

def options_of(public_key):
    """What parseCreationOptionsFromJSON and parseRequestOptionsFromJSON do."""
    public_key["challenge"] = decoded(public_key["challenge"])
    if "user" in public_key:
        public_key["user"]["id"] = decoded(public_key["user"]["id"])
    return {"publicKey": public_key}

def json_of(credential):
    """What toJSON does."""
    response = {name: encoded(value) for name, value in credential["response"].items()}
    id = encoded(credential["rawId"])
    return {"id": id, "rawId": id, "type": credential["type"], "response": response, "clientExtensionResults": {}}

def create(origin, options):
    device = SoftWebauthnDevice()
    response = json_of(device.create(options_of(options), origin))
    key = device.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    kept = {"id": encoded(device.credential_id), "rp_id": device.rp_id, "user": encoded(device.user_handle),
            "key": key.decode(), "count": 0}
    return {"response": response, "device": kept}

def get(origin, options, device):
    answering = SoftWebauthnDevice()
    answering.credential_id = decoded(device["id"])
    answering.private_key = serialization.load_pem_private_key(device["key"].encode(), None)
    answering.rp_id, answering.user_handle = device["rp_id"], decoded(device["user"])
    answering.sign_count = device["count"]
    response = json_of(answering.get(options_of(options), origin))
    return {"response": response, "device": device | {"count": answering.sign_count}}

def answer(question):
    return {"create": create, "get": get}[question.pop("do")](**question)

json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
