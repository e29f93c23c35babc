"""A web application that signs people in with oidc-server: FastAPI and Authlib's client.

uvicorn --port 3000 web_app:app
"""

import os

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

ISSUER = os.environ.get("ISSUER", "http://localhost:8000")
HERE = os.environ.get("HERE", "http://localhost:3000")

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.environ.get("SESSION_SECRET", os.urandom(32).hex()))

oauth = OAuth()
oauth.register(
    "login",
    client_id=os.environ.get("CLIENT_ID", "demo-client"),
    client_secret=os.environ.get("CLIENT_SECRET", "demo-secret-for-development-only-0001"),
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.get("/")
async def home(request: Request) -> Response:
    """Say who is signed in."""
    name = request.session.get("name")
    if name is None:
        return HTMLResponse('<a href="/login">Sign in</a>')
    return HTMLResponse(f'Hello {name}. <a href="/logout">Sign out</a>')


@app.get("/login")
async def login(request: Request) -> Response:
    """Send the person to the login page."""
    response: Response = await oauth.login.authorize_redirect(request, f"{HERE}/callback")
    return response


@app.get("/callback")
async def callback(request: Request) -> Response:
    """Redeem the code; Authlib checks state, nonce, signature, issuer and audience."""
    try:
        token = await oauth.login.authorize_access_token(request)
    except OAuthError as error:
        return HTMLResponse(f"Signing in failed: {error.error}", status_code=400)
    person = await oauth.login.userinfo(token=token)
    request.session["name"] = person.get("name") or person["sub"]
    request.session["id_token"] = token["id_token"]
    return RedirectResponse("/")


@app.get("/logout")
async def logout(request: Request) -> Response:
    """Sign the person out here, and then there."""
    id_token = request.session.pop("id_token", None)
    request.session.clear()
    metadata = await oauth.login.load_server_metadata()
    url = f"{metadata['end_session_endpoint']}?post_logout_redirect_uri={HERE}/"
    return RedirectResponse(f"{url}&id_token_hint={id_token}" if id_token else "/")
