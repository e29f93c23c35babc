// The playground: an app in the browser that signs people in, step by step, and believes nothing unchecked.
//
// It is a public client like any other: it knows its issuer and its own client_id, and reads the rest from the metadata.
// What has happened so far is kept in the tab (sessionStorage), so that it survives the way to the server's pages and back.

const page = document.querySelector("#playground").dataset;
const [jwt, show] = await Promise.all([import(page.jwt), import(page.timeline)]);

const KEY = "playground";
const wishes = document.querySelector("#wishes");

/** What has happened: asked, secrets, answer, tokens, nonce, person, and the exchanges of each step. */
let run = JSON.parse(sessionStorage.getItem(KEY)) ?? {};
let metadata;
let draft;

const keep = () => sessionStorage.setItem(KEY, JSON.stringify(run));
const button = (id) => document.querySelector(`button#${id}`);
const withoutEmpty = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value));
const go = ({ url, parameters }) => location.assign(`${url}?${new URLSearchParams(parameters)}`);

/** One HTTP request with what came back, to be shown; it never throws. No cookies: an app elsewhere would have none. */
async function send(method, url, { parameters, headers, cache } = {}) {
  const sent = { method, url, parameters, headers };
  try {
    const body = parameters && new URLSearchParams(parameters);
    const response = await fetch(url, { method, headers, body, cache, credentials: "omit" });
    sent.status = `${response.status} ${response.statusText}`.trim();
    sent.isGood = response.ok;
    sent.challenge = response.headers.get("WWW-Authenticate");
    const text = await response.text();
    sent.body = /json/.test(response.headers.get("Content-Type")) ? JSON.parse(text) : text;
  } catch (error) {
    sent.failure = error.message;
    sent.isGood = false;
  }
  return sent;
}

const post = (url, parameters) => send("POST", url, { parameters: { ...parameters, client_id: page.clientId } });

// 1 Discover

async function discover() {
  const sent = await send("GET", `${page.issuer}/.well-known/openid-configuration`);
  const isOurs = jwt.check("The metadata name the issuer we asked", sent.body?.issuer === page.issuer, sent.body?.issuer);
  show.step("discover", isOurs.passed ? "done" : "failed", show.exchange(sent, { isFolded: true }), show.checks([isOurs]));
  return isOurs.passed ? sent.body : undefined;
}

// 2 Ask

async function prepare() {
  const secrets = { code_verifier: jwt.random(), state: jwt.random(), nonce: jwt.random() };
  draft = { secrets, challenge: await jwt.challenge(secrets.code_verifier) };
}

function asked() {
  const chosen = new FormData(wishes);
  const parameters = withoutEmpty({
    response_type: "code",
    client_id: page.clientId,
    redirect_uri: page.redirectUri,
    scope: chosen.getAll("scope").join(" "),
    prompt: chosen.get("prompt"),
    state: draft.secrets.state,
    nonce: draft.secrets.nonce,
    code_challenge: draft.challenge,
    code_challenge_method: "S256",
  });
  return { method: "GET", url: metadata.authorization_endpoint, parameters };
}

const preview = () => show.step("ask", "", show.exchange(asked()));

function start(event) {
  event.preventDefault();
  run = { asked: asked(), secrets: draft.secrets };
  keep();
  go(run.asked);
}

function restoreWishes({ scope = "", prompt = "" }) {
  for (const box of wishes.elements.scope) {
    box.checked = scope.split(" ").includes(box.value);
  }
  wishes.elements.prompt.value = prompt;
}

// 3 Sign in, 4 Answer

/** Take what the server sent back in the URL, and clean the URL: a code belongs in no history. */
function receive() {
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  if (!("code" in answer || "error" in answer || "state" in answer)) {
    return;
  }
  history.replaceState(null, "", location.pathname);
  const isBackFromLogout = run.leaving && answer.state === run.leaving.parameters.state;
  run = isBackFromLogout ? { left: run.leaving, answer } : { asked: run.asked, secrets: run.secrets, answer };
}

function readAnswer() {
  const { answer, secrets } = run;
  const list = [
    jwt.check("state is the one we sent", answer.state && answer.state === secrets?.state, answer.state),
    jwt.check("iss is our issuer", answer.iss === metadata.issuer, answer.iss),
  ];
  const isOurs = list.every(({ passed }) => passed);
  const shown = [show.table(Object.entries(answer)), show.checks(list)];
  if (!isOurs) {
    shown.push(show.problem("This answer is not one that this tab is waiting for. The app doesn’t use it."));
    show.verdict("failed", "The answer is not for this app. See step 4.");
  } else if (answer.error) {
    shown.push(show.problem(`${answer.error}: ${answer.error_description ?? "no further words."}`));
    show.verdict("failed", `The server answered ${answer.error}. See step 4.`);
  }
  show.step("sign-in", isOurs && !answer.error ? "done" : "");
  show.step("answer", isOurs && answer.code ? "done" : "failed", ...shown);
  return isOurs && answer.code;
}

// 5 Tokens

async function redeem() {
  const sent = await post(metadata.token_endpoint, {
    grant_type: "authorization_code",
    code: run.answer.code,
    redirect_uri: page.redirectUri,
    code_verifier: run.secrets.code_verifier,
  });
  run.exchanges = { tokens: [sent] };
  if (sent.isGood) {
    run.tokens = sent.body;
  } else {
    show.verdict("failed", "The code brought no tokens. See step 5.");
  }
  keep();
}

// 6 Check

async function findKeys(tokens) {
  const wanted = tokens.map(({ header }) => header.kid);
  const sent = await send("GET", metadata.jwks_uri);
  const knows = (kid) => sent.body?.keys?.some((key) => key.kid === kid);
  // A key that the cached set lacks may be a new one: ask once more, past the cache.
  return wanted.every(knows) ? sent : send("GET", metadata.jwks_uri, { cache: "reload" });
}

async function checkTokens() {
  const { access_token: accessToken, id_token: idToken, scope = "" } = run.tokens;
  const access = jwt.decode(accessToken);
  const id = idToken && jwt.decode(idToken);
  const sent = await findKeys(id ? [access, id] : [access]);
  const expected = { issuer: metadata.issuer, clientId: page.clientId, keys: sent.body?.keys ?? [], accessToken };
  const audience = scope.split(" ").includes("openid") ? metadata.issuer : undefined;
  const ofAccess = await jwt.checkAccessToken(access, { ...expected, audience });
  const ofId = id ? await jwt.checkIdToken(id, { ...expected, nonce: run.secrets.nonce, refreshedFor: run.person }) : [];
  const panels = [
    id ? show.token("id-token", "ID token", id, ofId) : show.note("No ID token: it comes with the scope openid."),
    show.token("access-token", "Access token", access, ofAccess),
  ];
  const failed = [...ofId, ...ofAccess].filter(({ passed }) => !passed).length;
  show.step("check", failed ? "failed" : "done", show.exchange(sent, { isFolded: true }), show.row(...panels));
  judge(failed, ofId.length + ofAccess.length, id);
}

function judge(failed, total, id) {
  if (run.isRevoked) {
    show.verdict("", "The tokens are revoked: nothing opens with them any more.");
  } else if (failed) {
    show.verdict("failed", `${failed} of ${total} checks failed. See step 6.`);
  } else {
    show.verdict("done", `${id ? "Both tokens are" : "The access token is"} verified: all ${total} checks passed.`);
  }
}

// 7 Userinfo and what else can be done with tokens: each does its deed, writes down the exchanges, and is shown

const deeds = {
  async userinfo() {
    const headers = { Authorization: `Bearer ${run.tokens.access_token}` };
    return [await send("GET", metadata.userinfo_endpoint, { headers })];
  },

  async refresh() {
    const before = run.tokens;
    const sent = await post(metadata.token_endpoint, {
      grant_type: "refresh_token",
      refresh_token: before.refresh_token,
    });
    if (sent.isGood) {
      run.person ??= before.id_token && jwt.decode(before.id_token).claims.sub;
      run.tokens = { ...before, ...sent.body };
      await checkTokens();
    }
    return [sent];
  },

  async introspect() {
    return [await post(metadata.introspection_endpoint, { token: run.tokens.access_token })];
  },

  async revoke() {
    const token = run.tokens.refresh_token ?? run.tokens.access_token;
    const revoked = await post(metadata.revocation_endpoint, { token });
    run.isRevoked ||= revoked.isGood;
    await checkTokens();
    return [revoked, ...(await deeds.introspect())];
  },
};

/** What follows from the exchanges of a step, where there is something to check. */
const findings = {
  userinfo([{ isGood, body }]) {
    const person = isGood && run.tokens.id_token && jwt.decode(run.tokens.id_token).claims.sub;
    return person ? [jwt.check("sub is the one in the ID token", body.sub === person, body.sub)] : [];
  },

  refresh([{ isGood, parameters, body }]) {
    const rotated = isGood && body.refresh_token !== parameters.refresh_token;
    return isGood ? [jwt.check("The refresh token was rotated", rotated, rotated ? "a new one came" : "the same came back")] : [];
  },

  revoke([, { isGood, body }]) {
    return isGood ? [jwt.check("The access token is dead", body.active === false, `active: ${body.active}`)] : [];
  },
};

function draw(step) {
  const sent = run.exchanges?.[step];
  if (!sent) {
    return;
  }
  const list = findings[step]?.(sent) ?? [];
  const isGood = sent.every((one) => one.isGood) && list.every(({ passed }) => passed);
  const boxes = sent.map((one) => show.exchange(one, { id: step === "userinfo" ? "userinfo-claims" : undefined }));
  show.step(step, isGood ? "done" : "failed", ...boxes, ...(list.length ? [show.checks(list)] : []));
}

function offer(id) {
  let isBusy = false;
  button(id).addEventListener("click", async () => {
    if (isBusy) {
      return;
    }
    isBusy = true;
    await orSay(async () => {
      run.exchanges[id] = await deeds[id]();
      keep();
      draw(id);
    });
    isBusy = false;
  });
}

function allow() {
  for (const id of [...Object.keys(deeds), "logout"]) {
    button(id).disabled = id === "refresh" && !run.tokens.refresh_token;
  }
}

// 11 Sign out

function leave() {
  const hint = run.tokens.id_token ? { id_token_hint: run.tokens.id_token } : { client_id: page.clientId };
  const parameters = { ...hint, post_logout_redirect_uri: page.redirectUri, state: jwt.random() };
  run.leaving = { method: "GET", url: metadata.end_session_endpoint, parameters };
  keep();
  go(run.leaving);
}

// All together

/** Do something; what nobody thought of is said, not swallowed. */
async function orSay(deed) {
  try {
    await deed();
  } catch (error) {
    show.verdict("failed", `The playground stumbled: ${error.message}`);
    throw error;
  }
}

function obstacle() {
  if (location.origin !== new URL(page.redirectUri).origin) {
    return `The server is known as ${page.issuer}. Please open ${page.redirectUri} instead of this address.`;
  }
  return crypto.subtle ? "" : "Browsers offer cryptography to pages on https or localhost only, and this is neither.";
}

async function resume() {
  if (run.left) {
    const list = [jwt.check("state is the one we sent", true, run.answer.state)];
    show.step("logout", "done", show.exchange(run.left), show.checks(list));
    return show.verdict("", "You are signed out.");
  }
  if (!run.answer || !readAnswer()) {
    return;
  }
  if (!run.exchanges) {
    await redeem();
  }
  draw("tokens");
  if (run.tokens) {
    await checkTokens();
    Object.keys(deeds).forEach(draw);
    allow();
  }
}

async function main() {
  receive();
  keep();
  metadata = await discover();
  if (!metadata) {
    return show.verdict("failed", "The server’s metadata cannot be used. See step 1.");
  }
  await prepare();
  if (run.asked) {
    restoreWishes(run.asked.parameters);
    show.step("ask", "done", show.exchange(run.asked));
  } else {
    preview();
  }
  wishes.addEventListener("change", preview);
  wishes.addEventListener("submit", start);
  button("start").disabled = false;
  // Back from the server's pages: no state or nonce is ever sent twice.
  addEventListener("pageshow", ({ persisted }) => persisted && prepare().then(preview));
  Object.keys(deeds).forEach(offer);
  button("logout").addEventListener("click", leave);
  await resume();
}

const hindrance = obstacle();
if (hindrance) {
  show.verdict("failed", hindrance);
} else {
  await orSay(main);
}
