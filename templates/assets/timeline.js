// What the playground shows. Everything goes into the page as text, never as markup.

/** A new element; children are elements or text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

/** Say how a step went ("done", "failed" or "") and show what belongs to it. */
export function step(name, state, ...shown) {
  const section = document.querySelector(`[data-step="${name}"]`);
  const link = document.querySelector(`nav a[href="#${section.id}"]`);
  for (const one of [section, link]) {
    one.dataset.state = state;
  }
  section.querySelector(".shown").replaceChildren(...shown);
}

/** Say in one sentence where we are. */
export function verdict(state, text) {
  const line = document.querySelector("#verdict");
  line.dataset.state = state;
  line.textContent = text;
}

/** Text for people, such as an explanation or what went wrong. */
export const note = (text) => element("p", { class: "note" }, text);
export const problem = (text) => element("p", { class: "problem", role: "alert" }, text);

/** A value as JSON; tokens in it are shortened. */
export const json = (value, attributes = {}) =>
  element("pre", attributes, JSON.stringify(value, (_, one) => shortened(one), 2));

/** A signed token fills a screen and says nothing as it is: its ends will do, the whole stands in step 6. */
const shortened = (value) =>
  typeof value === "string"
    ? value.replace(/(eyJ[\w-]{20})[\w-]*\.[\w-]+\.[\w-]+([\w-]{8})/, (whole, head, tail) => `${head} … ${tail}`)
    : value;

/** A request and its response, or a request alone. */
export function exchange(sent, { isFolded = false, id } = {}) {
  const box = element("div", { class: "exchange" }, request(sent));
  if (sent.failure) {
    box.append(problem(`No answer: ${sent.failure}`));
  } else if (sent.status) {
    box.append(response(sent, isFolded, id));
  }
  return box;
}

function request({ method, url, headers = {}, parameters = {} }) {
  const pairs = Object.entries({ ...headers, ...parameters });
  const line = [element("b", {}, method), " ", element("code", {}, url)];
  return pairs.length ? fold(line, table(pairs), true) : element("p", { class: "line" }, ...line);
}

function response({ status, isGood, body, challenge }, isFolded, id) {
  const line = [element("b", { "data-state": isGood ? "done" : "failed" }, status)];
  const shown = [];
  if (challenge) {
    shown.push(table([["WWW-Authenticate", challenge]]));
  }
  if (body !== "") {
    shown.push(typeof body === "string" ? element("pre", {}, body) : json(body, id && isGood ? { id } : {}));
  }
  return fold(line, element("div", {}, ...shown), !isFolded);
}

/** Names and values. */
export function table(pairs) {
  const list = element("dl", { class: "parameters" });
  for (const [name, value] of pairs) {
    list.append(element("dt", {}, name), element("dd", {}, shortened(value)));
  }
  return list;
}

/** Something under a line that opens and closes it. */
function fold(line, shown, isOpen) {
  return element("details", isOpen ? { open: "" } : {}, element("summary", {}, ...line), shown);
}

/** Checks, each with a tick or a cross. */
export function checks(list) {
  const items = list.map(({ name, passed, found }) =>
    element(
      "li",
      { "data-passed": passed },
      element("span", { class: "visually-hidden" }, passed ? "Passed: " : "Failed: "),
      element("span", {}, name),
      " ",
      element("small", {}, found),
    ),
  );
  return element("ul", { class: "checks" }, ...items);
}

/** A token: its checks, what it says, and how it looks on the wire. */
export function token(id, title, { header, claims, token: encoded }, list) {
  const parts = encoded.split(".").flatMap((part, at) => [at ? "." : "", element("span", {}, part)]);
  return element(
    "article",
    { class: "token", id },
    element("h3", {}, title),
    checks(list),
    fold(["Header"], json(header), true),
    fold(["Claims"], json(claims, { id: `${id}-claims` }), true),
    fold(["As it was sent"], element("pre", { class: "encoded" }, ...parts), false),
  );
}

/** Things side by side, where there is room. */
export const row = (...shown) => element("div", { class: "row" }, ...shown);
