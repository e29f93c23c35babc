// Passkeys: asks the browser for one, and sends what it answers with the form around the button.
// Without this script, or in a browser without passkeys, the button stays hidden and everything else works.

const button = document.getElementById('passkey');
const words = document.getElementById('passkey-problem');

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const identified = (credentials) => (credentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

const read = (options) => ({
  ...options,
  challenge: bytes(options.challenge),
  ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
  ...(options.allowCredentials && { allowCredentials: identified(options.allowCredentials) }),
  ...(options.excludeCredentials && { excludeCredentials: identified(options.excludeCredentials) }),
});

const written = ({ id, rawId, type, response }) => {
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[name]) parts[name] = text(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({ id, rawId: text(rawId), type, response: parts });
};

const send = (credential) => {
  const form = button.form;
  form.elements.credential.value = written(credential);
  form.action = button.dataset.action;
  HTMLFormElement.prototype.submit.call(form); // a button named "submit" hides the form's own
};

const begin = async () => {
  const publicKey = read(JSON.parse(button.dataset.options));
  const isNew = 'user' in publicKey;
  let waiting = new AbortController();

  button.hidden = false;
  button.addEventListener('click', async () => {
    if (isNew && !button.form.reportValidity()) return;
    waiting.abort();
    waiting = new AbortController();
    words.hidden = true;
    const asked = { publicKey, signal: waiting.signal };
    try {
      send(await (isNew ? navigator.credentials.create(asked) : navigator.credentials.get(asked)));
    } catch (error) {
      if (error.name !== 'AbortError') words.hidden = false;
    }
  });

  if (button.dataset.autofill === undefined) return;
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const asked = { publicKey, mediation: 'conditional', signal: waiting.signal };
  // Nothing comes of it when the button is pressed, or the person signs in with a password.
  const chosen = await navigator.credentials.get(asked).catch(() => null);
  if (chosen) send(chosen);
};

if (button && window.PublicKeyCredential) begin();
