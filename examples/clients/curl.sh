#!/bin/sh
# A client in curl: it registers, logs in, sets up an authenticator app, and from then on logs in in two steps.
#
#     examples/clients/curl.sh http://127.0.0.1:8400 ada
#
# Needs curl, and oathtool, which stands in for the app on a phone.
set -eu

server=$1
name=$2
password='correct horse battery staple'

headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

# ask METHOD PATH BODY: what the server answers. Neither the body nor the token is in the list of processes.
ask() {
    printf '%s' "$3" | curl -sS -X "$1" "$server$2" -H 'content-type: application/json' -H @"$headers" --data-binary @-
}

# field NAME ANSWER: a member of the answer that is a string.
field() {
    printf '%s' "$2" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# keep ANSWER: sends the access token in it from now on; a login that failed has none.
keep() {
    refresh_token=$(field refresh_token "$1")
    printf 'authorization: Bearer %s\n' "$(field access_token "$1")" >"$headers"
    [ -n "$refresh_token" ] || { printf '%s\n' "$1" >&2; exit 1; }
}

ask POST /auth/register "{\"username\": \"$name\", \"email\": \"$name@example.com\", \"password\": \"$password\"}"
echo

# One step is enough as long as the account has a password and nothing else.
keep "$(ask POST /auth/login "{\"name\": \"$name\", \"password\": \"$password\"}")"
ask GET /auth/me ''
echo

# An access token lives for 15 minutes. The refresh token gets the next pair, once.
keep "$(ask POST /auth/refresh "{\"refresh_token\": \"$refresh_token\"}")"

# An app is set up once it has shown a code. With it come recovery codes, for the day the phone is lost.
secret=$(field secret "$(ask POST /auth/totp/setup '{}')")
ask POST /auth/totp/confirm "{\"code\": \"$(oathtool --totp --base32 "$secret")\"}"
echo

ask POST /auth/logout ''
: >"$headers"

# From now on the password alone gets no tokens, but 403 and a flow, which is good for five minutes.
answer=$(ask POST /auth/login "{\"name\": \"$name\", \"password\": \"$password\"}")
printf '%s\n' "$answer"
[ "$(field code "$answer")" = second_factor_required ]
flow=$(field flow "$answer")

# A code is good once, and one was shown just now, so this is the next one.
code=$(oathtool --totp --base32 --now '30 seconds' "$secret")
keep "$(ask POST /auth/login/second-factor "{\"flow\": \"$flow\", \"two_fa_code\": \"$code\"}")"
ask GET /auth/sessions ''
echo
ask POST /auth/logout-all ''
