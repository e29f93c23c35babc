"""The hybrid flow: a code for the client's server, and tokens at once for its page (OpenID Connect Core §3.3)."""

from oidc_server.oauth.grants.implicit import ImplicitGrant


class HybridGrant(ImplicitGrant):
    """Answers with a code and what else the response type asks for; the code is redeemed like any other."""

    RESPONSE_TYPES = {"code id_token", "code token", "code id_token token"}
