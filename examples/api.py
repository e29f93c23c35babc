"""An API that trusts oidc-server's access tokens: FastAPI and PyJWT, which fetches and caches the keys.

uvicorn --port 3001 api:app
"""

import os
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

ISSUER = os.environ.get("ISSUER", "http://localhost:8000")
AUDIENCE = os.environ.get("AUDIENCE", "https://api.example.com")

app = FastAPI()
keys = jwt.PyJWKClient(f"{ISSUER}/jwks", lifespan=600)


def claims(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict[str, Any]:
    """The claims of a valid access token (RFC 9068 §4); 401 for any other."""
    token = credentials.credentials
    try:
        key = keys.get_signing_key_from_jwt(token)
        found: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
        if jwt.get_unverified_header(token)["typ"] != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
    except jwt.PyJWTError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error
    return found


@app.get("/orders")
def orders(token: Annotated[dict[str, Any], Depends(claims)]) -> dict[str, Any]:
    """Orders, for tokens that may read them."""
    if "orders.read" not in token["scope"].split():
        raise HTTPException(403, "orders.read is needed", {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
    return {"orders": ["one", "two"], "of": token["sub"]}
