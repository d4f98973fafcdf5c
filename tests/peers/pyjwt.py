"""PyJWT, asked by the test beside it: a JSON array of questions on stdin, one of answers on stdout."""

import json
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.utils import base64url_decode


def load(key, alg):
    if "secret" in key:
        return base64url_decode(key["secret"])
    if "jwk" in key:
        return jwt.PyJWK(key["jwk"], algorithm=alg).key
    return key["pem"]


def generate(alg):
    match alg:
        case "ES256":
            private = ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
        case "RS256":
            private = rsa.generate_private_key(65537, 2048)
    public = private.public_key()
    pem = serialization.Encoding.PEM
    return {
        "private": private.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        "public": public.public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        "jwk": jwt.get_algorithm_by_name(alg).to_jwk(public, as_dict=True),
    }


def sign(alg, key, header, claims):
    key = None if alg == "none" else load(key, alg)
    return {"token": jwt.encode(claims, key, algorithm=alg, headers=header)}


def verify(alg, key, token, issuer, audience):
    read = jwt.decode_complete(token, load(key, alg), algorithms=[alg], issuer=issuer, audience=audience)
    return {"header": read["header"], "claims": read["payload"]}


def answer(question):
    try:
        return {"generate": generate, "sign": sign, "verify": verify}[question.pop("do")](**question)
    except (jwt.PyJWTError, TypeError, NotImplementedError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
