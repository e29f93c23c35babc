// Answers the page that shows this frame: unchanged, changed or error (OpenID Connect Session Management 4.2).
const name = document.documentElement.dataset.cookie + "=";

function browserState() {
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(name));
  return found ? found.slice(name.length) : "";
}

async function hash(text) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...digest)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function answer(message, origin) {
  const parts = typeof message === "string" ? message.split(" ") : [];
  const [digest, salt, ...rest] = (parts[1] ?? "").split(".");
  if (parts.length !== 2 || !parts[0] || !digest || !salt || rest.length) return "error";
  const now = await hash(parts[0] + " " + origin + " " + browserState() + " " + salt);
  return now === digest ? "unchanged" : "changed";
}

addEventListener("message", async (event) => {
  if (event.source !== parent || event.origin === "null") return;
  event.source.postMessage(await answer(event.data, event.origin).catch(() => "error"), event.origin);
});
