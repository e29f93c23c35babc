#!/bin/sh
# Tokens from a shell, against a development server (`make run`). Needs curl.
set -eu
ISSUER=${ISSUER:-http://localhost:8000}
CLIENT=${CLIENT:-demo-client:demo-secret-for-development-only-0001}

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

echo "# What the server can do"
curl -sS "$ISSUER/.well-known/openid-configuration"; echo

echo "# A program acts for itself: client_credentials"
TOKEN=$(curl -sS -u "$CLIENT" -d grant_type=client_credentials -d scope=orders.read "$ISSUER/token" | field access_token)
curl -sS -u "$CLIENT" -d token="$TOKEN" "$ISSUER/introspect"; echo

echo "# A first-party client signs a person in: password (only for clients registered for it)"
ANSWER=$(curl -sS -u "$CLIENT" -d grant_type=password -d username=demo -d password=demo-password \
              -d "scope=openid profile email" "$ISSUER/token")
ACCESS=$(echo "$ANSWER" | field access_token)
REFRESH=$(echo "$ANSWER" | field refresh_token)
curl -sS -H "Authorization: Bearer $ACCESS" "$ISSUER/userinfo"; echo

echo "# A new access token, and the refresh token's successor"
REFRESH=$(curl -sS -u "$CLIENT" -d grant_type=refresh_token -d refresh_token="$REFRESH" "$ISSUER/token" | field refresh_token)

echo "# The end of all of them"
curl -sS -u "$CLIENT" -d token="$REFRESH" "$ISSUER/revoke"; echo
curl -sS -u "$CLIENT" -d token="$ACCESS" "$ISSUER/introspect"; echo
