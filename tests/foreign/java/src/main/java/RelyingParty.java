import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.AccessTokenResponse;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResponseMode;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenIntrospectionSuccessResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.client.ClientRegistrationResponse;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationRequest;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationResponse;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationSuccessResponse;
import com.nimbusds.oauth2.sdk.device.DeviceCodeGrant;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.token.Token;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponse;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.AuthenticationSuccessResponse;
import com.nimbusds.openid.connect.sdk.LogoutRequest;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponse;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.Prompt;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformation;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationRequest;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationResponseParser;
import com.nimbusds.openid.connect.sdk.validators.AccessTokenValidator;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONObject;

/**
 * A relying party with Nimbus: `java RelyingParty FLOW`, its settings as JSON in the variable RELYING_PARTY. It writes
 * {"visit": URL} or {"enter": USER_CODE}, reads what became of it, and at last writes {"result": {…}}.
 */
final class RelyingParty {
    private final JSONObject settings;
    private final OIDCProviderMetadata server;
    private final URI redirectUri;
    private ClientID id;
    private ClientAuthentication authentication;
    private IDTokenValidator validator;

    private RelyingParty() throws Exception {
        settings = Conversation.settings();
        server = OIDCProviderMetadata.resolve(new Issuer(text("issuer")));
        redirectUri = URI.create(text("redirect_uri"));
        become(new ClientID(text("client_id")), new Secret(text("client_secret")));
    }

    public static void main(String[] arguments) throws Exception {
        Conversation.say("result", new RelyingParty().run(arguments[0]));
        System.exit(0);
    }

    private Map<String, Object> run(String flow) throws Exception {
        return switch (flow) {
            case "code" -> code();
            case "client_credentials" -> clientCredentials();
            case "private_key_jwt" -> privateKeyJwt();
            case "form_post" -> identity(signIn(ResponseType.CODE, ResponseMode.FORM_POST));
            case "hybrid" -> identity(signIn(ResponseType.CODE_IDTOKEN, null));
            case "device" -> device();
            case "registration" -> registration();
            default -> throw new IllegalArgumentException(flow);
        };
    }

    private Map<String, Object> code() throws Exception {
        var tokens = signIn(ResponseType.CODE, null);
        var found = identity(tokens);
        var old = tokens.getOIDCTokens().getRefreshToken();
        var fresh = redeem(new RefreshTokenGrant(old)).getTokens();
        var before = introspect(fresh.getAccessToken());
        revoke(fresh.getRefreshToken());
        var after = introspect(fresh.getAccessToken());
        var goodbye = URI.create(text("post_logout_redirect_uri"));
        JWT hint = tokens.getOIDCTokens().getIDToken();
        var logout = new LogoutRequest(server.getEndSessionEndpointURI(), hint, goodbye, new State("goodbye"));
        found.put("rotated", !fresh.getRefreshToken().equals(old));
        found.put("active", List.of(before.isActive(), after.isActive()));
        found.put("left", Conversation.ask("visit", logout.toURI().toString()).get("url"));
        return found;
    }

    private Map<String, Object> clientCredentials() throws Exception {
        var scope = Scope.parse(text("scope"));
        var endpoint = server.getTokenEndpointURI();
        var request = new TokenRequest.Builder(endpoint, authentication, new ClientCredentialsGrant()).scope(scope);
        var tokens = AccessTokenResponse.parse(request.build().toHTTPRequest().send()).getTokens();
        var told = introspect(tokens.getAccessToken());
        return Map.of(
                "active", told.isActive(),
                "client_id", told.getClientID().getValue(),
                "scope", tokens.getAccessToken().getScope().toString());
    }

    private Map<String, Object> privateKeyJwt() throws Exception {
        var key = ECKey.parse(JSONObjectUtils.getJSONObject(settings, "jwk"));
        var audience = server.getTokenEndpointURI();
        authentication =
                new PrivateKeyJWT(id, audience, JWSAlgorithm.ES256, key.toECPrivateKey(), key.getKeyID(), null);
        return identity(signIn(ResponseType.CODE, null));
    }

    private Map<String, Object> device() throws Exception {
        authentication = null;
        var request = new DeviceAuthorizationRequest.Builder(id)
                .endpointURI(server.getDeviceAuthorizationEndpointURI())
                .scope(new Scope("openid", "email"))
                .build();
        DeviceAuthorizationSuccessResponse begun =
                DeviceAuthorizationResponse.parse(request.toHTTPRequest().send()).toSuccessResponse();
        Conversation.ask("enter", begun.getUserCode().getValue());
        var tokens = redeem(new DeviceCodeGrant(begun.getDeviceCode()));
        validator.validate(tokens.getOIDCTokens().getIDToken(), null);
        return identity(tokens);
    }

    private Map<String, Object> registration() throws Exception {
        var wanted = new OIDCClientMetadata();
        wanted.setName("Java");
        wanted.setRedirectionURI(redirectUri);
        wanted.applyDefaults();
        var request = new OIDCClientRegistrationRequest(server.getRegistrationEndpointURI(), wanted, null);
        ClientRegistrationResponse response =
                OIDCClientRegistrationResponseParser.parse(request.toHTTPRequest().send());
        if (!response.indicatesSuccess()) {
            throw new IllegalStateException(response.toErrorResponse().getErrorObject().toString());
        }
        OIDCClientInformation told =
                (OIDCClientInformation) response.toSuccessResponse().getClientInformation();
        become(told.getID(), told.getSecret());
        return identity(signIn(ResponseType.CODE, null));
    }

    private void become(ClientID client, Secret secret) throws Exception {
        id = client;
        authentication = new ClientSecretBasic(client, secret);
        validator =
                new IDTokenValidator(server.getIssuer(), client, JWSAlgorithm.RS256, server.getJWKSetURI().toURL());
    }

    /** Sends the person away and redeems what comes back. */
    private OIDCTokenResponse signIn(ResponseType type, ResponseMode mode) throws Exception {
        var verifier = new CodeVerifier();
        var state = new State();
        var nonce = new Nonce();
        var scope = new Scope("openid", "profile", "email", "offline_access");
        var request = new AuthenticationRequest.Builder(type, scope, id, redirectUri)
                .endpointURI(server.getAuthorizationEndpointURI())
                .responseMode(mode)
                .prompt(Prompt.Type.CONSENT)
                .codeChallenge(verifier, CodeChallengeMethod.S256)
                .state(state)
                .nonce(nonce)
                .build();
        var answer = answer(Conversation.ask("visit", request.toURI().toString()));
        ensure(state.equals(answer.getState()), "state");
        ensure(server.getIssuer().equals(answer.getIssuer()), "iss");
        if (answer.getIDToken() != null) {
            validator.validate(answer.getIDToken(), nonce);
        }
        var code = new AuthorizationCodeGrant(answer.getAuthorizationCode(), redirectUri, verifier);
        var tokens = redeem(code);
        var claims = validator.validate(tokens.getOIDCTokens().getIDToken(), nonce);
        if (claims.getAccessTokenHash() != null) {
            AccessTokenValidator.validate(
                    tokens.getOIDCTokens().getAccessToken(), JWSAlgorithm.RS256, claims.getAccessTokenHash());
        }
        return tokens;
    }

    private AuthenticationSuccessResponse answer(JSONObject back) throws Exception {
        var where = URI.create((String) back.get("url"));
        AuthenticationResponse parsed = back.get("posted") == null
                ? AuthenticationResponseParser.parse(where)
                : AuthenticationResponseParser.parse(where, Conversation.posted(back));
        ensure(parsed.indicatesSuccess(), parsed.toString());
        return parsed.toSuccessResponse();
    }

    private OIDCTokenResponse redeem(AuthorizationGrant grant) throws Exception {
        var endpoint = server.getTokenEndpointURI();
        var builder = authentication == null
                ? new TokenRequest.Builder(endpoint, id, grant)
                : new TokenRequest.Builder(endpoint, authentication, grant);
        TokenResponse response = OIDCTokenResponseParser.parse(builder.build().toHTTPRequest().send());
        if (!response.indicatesSuccess()) {
            throw new IllegalStateException(response.toErrorResponse().toJSONObject().toString());
        }
        return (OIDCTokenResponse) response.toSuccessResponse();
    }

    private Map<String, Object> identity(OIDCTokenResponse tokens) throws Exception {
        var request = new UserInfoRequest(server.getUserInfoEndpointURI(), tokens.getOIDCTokens().getAccessToken());
        UserInfo info = UserInfoResponse.parse(request.toHTTPRequest().send()).toSuccessResponse().getUserInfo();
        var subject = tokens.getOIDCTokens().getIDToken().getJWTClaimsSet().getSubject();
        ensure(info.getSubject().getValue().equals(subject), "sub");
        return new HashMap<>(Map.of("sub", subject, "email", info.getEmailAddress()));
    }

    private TokenIntrospectionSuccessResponse introspect(Token token) throws Exception {
        var request = new TokenIntrospectionRequest(server.getIntrospectionEndpointURI(), authentication, token);
        return TokenIntrospectionResponse.parse(request.toHTTPRequest().send()).toSuccessResponse();
    }

    private void revoke(RefreshToken token) throws Exception {
        var request = new TokenRevocationRequest(server.getRevocationEndpointURI(), authentication, token);
        request.toHTTPRequest().send().ensureStatusCode(200);
    }

    private String text(String name) {
        return (String) settings.get(name);
    }

    private static void ensure(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }
}
