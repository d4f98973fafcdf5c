"""pyotp, asked by the test beside it: a JSON array of questions on stdin, one of answers on stdout."""

import json
import sys

import pyotp

def read(uri, at):
    totp = pyotp.parse_uri(uri)
    return {
        "code": totp.at(at),
        "secret": totp.secret,
        "issuer": totp.issuer,
        "name": totp.name,
        "digits": totp.digits,
        "interval": totp.interval,
    }

def verify(secret, code, at):
    return {"right": pyotp.TOTP(secret).verify(code, for_time=at)}

def answer(question):
    return {"read": read, "verify": verify}[question.pop("do")](**question)

json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
