"""joserfc, asked by the test beside it: a JSON array of questions on stdin, one of answers on stdout."""

import json
import sys

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

KINDS = {"HS256": OctKey, "ES256": ECKey, "EdDSA": OKPKey, "Ed25519": OKPKey, "RS256": RSAKey, "none": OctKey}


def load(key, alg):
    if "secret" in key:
        return OctKey.import_key(urlsafe_b64decode(key["secret"].encode()))
    return KINDS[alg].import_key(key.get("jwk") or key["pem"])


def generate(alg):
    size = {"ES256": "P-256", "EdDSA": "Ed25519", "RS256": 2048}[alg]
    key = KINDS[alg].generate_key(size)
    return {
        "private": key.as_pem(private=True).decode(),
        "public": key.as_pem(private=False).decode(),
        "jwk": key.as_dict(private=False),
    }


def sign(alg, key, header, claims):
    registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
    return {"token": jwt.encode({**header, "alg": alg}, claims, load(key, alg), registry=registry)}


def verify(alg, key, token, issuer, audience):
    read = jwt.decode(token, load(key, alg), algorithms=[alg])
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    rules.validate(read.claims)
    return {"header": read.header, "claims": read.claims}


def answer(question):
    try:
        return {"generate": generate, "sign": sign, "verify": verify}[question.pop("do")](**question)
    except (JoseError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
