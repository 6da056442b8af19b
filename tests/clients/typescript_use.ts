// What the compiler must accept, and what it must refuse: a line below `@ts-expect-error` that compiles is an error.
import { createClient, UndeclaredStatusError } from "./client.js";
import type { AnswerOf, ClientOptions, NewUser, OptionsOf, Problem, Seen, Tick, User } from "./client.js";
import type { Evil, Json, Tree } from "./hostile.js";
import { createClient as createHostile } from "./hostile.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const proves = <T extends true>(value?: T): T | undefined => value;

const options: ClientOptions = { baseUrl: "http://localhost", fetch, headers: async () => ({ "X-Token": 1 }) };
const api = createClient(options);
createClient({ headers: { authorization: "Bearer x" }, fetch: globalThis.fetch, init: { credentials: "include" } });

export async function narrowsByEqualStatus(): Promise<void> {
  const answer = await api.get("/api/users/{id}", { path: { id: 1 } });
  if (answer.status === 200) {
    proves<Equal<typeof answer.body, User>>();
    proves<Equal<typeof answer.ok, true>>();
    // @ts-expect-error: a user has no such property.
    answer.body.nam;
  } else if (answer.status === 404) {
    proves<Equal<typeof answer.body.error, string>>();
    // @ts-expect-error: what is there under 200 is not under 404.
    answer.body.name;
  } else {
    proves<Equal<typeof answer.body, Problem>>();
    proves<Equal<Extract<typeof answer.status, 200 | 404>, never>>();
    // @ts-expect-error: 404 has been dealt with.
    answer.status === 404;
  }
  // @ts-expect-error: there is no such status.
  answer.status === 999;
  // @ts-expect-error: what failed is not 201.
  answer.status === 201;
  // @ts-expect-error: bodies are known by status alone.
  answer.body.name;
}

export async function narrowsBySwitch(): Promise<string> {
  const answer = await api.get("/api/users/{id}", { path: { id: 1 } });
  switch (answer.status) {
    case 200:
      return answer.body.name;
    case 404:
      return answer.body.error;
    case 503:
      return answer.body.title;
    default:
      return answer.body.type;
  }
}

export async function narrowsByOk(): Promise<void> {
  const answer = await api.get("/api/users/{id}", { path: { id: 1 } });
  if (answer.ok) {
    proves<Equal<typeof answer.body, User>>();
  } else if (answer.status === 404) {
    proves<Equal<typeof answer.body, { error: string }> | true>();
  } else {
    proves<Equal<typeof answer.body, Problem>>();
  }
}

export async function narrowsGroups(): Promise<void> {
  const answer = await api.get("/api/both");
  if (answer.status === 418) proves<Equal<typeof answer.body.error, string>>();
  if (answer.status === 500) proves<Equal<typeof answer.body, Problem>>();
  if (answer.status === 200 && answer.contentType === "text/plain") proves<Equal<typeof answer.body, string>>();
  if (answer.status === 200 && answer.contentType === "application/json") proves<Equal<typeof answer.body, Tick>>();
  // @ts-expect-error: the document declares no such media type.
  if (answer.status === 200) answer.contentType === "text/html";
}

export async function typesEveryKindOfBody(): Promise<void> {
  const deleted = await api.delete("/api/users/{id}", { path: { id: 1 } });
  if (deleted.status === 204) proves<Equal<typeof deleted.body, undefined>>();
  const bytes = await api.get("/api/bytes");
  if (bytes.ok) proves<Equal<typeof bytes.body, Blob>>();
  const head = await api.head("/api/both");
  proves<Equal<typeof head.body, undefined>>();
  const events = await api.get("/api/events");
  if (events.ok) {
    for await (const event of events.body) proves<Equal<typeof event.data, Tick>>();
  }
  const lines = await api.get("/api/lines");
  if (lines.ok) {
    for await (const line of lines.body) proves<Equal<typeof line, Tick>>();
    await lines.body.cancel();
  }
  const old = await api.get("/api/old");
  if (old.redirected) proves<Equal<typeof old.body, unknown>>();
  else if (old.status === 307) proves<Equal<typeof old.body, undefined>>();
  const only = await api.get("/api/nowhere");
  proves<Equal<typeof only.status, 200>>();
}

export async function takesWhatTheDocumentSays(): Promise<void> {
  const signal = AbortSignal.timeout(10);
  const query = { tag: ["a"] as const, active: true, since: new Date() };
  const answer = await api.get("/api/users", { query: { ...query, limit: undefined }, headers: { "X-Trace": "t" }, signal });
  if (answer.ok) proves<Equal<typeof answer.body, Seen>>();
  await api.get("/api/users", { query: { ...query, limit: null, since: "2024-01-01T00:00:00Z" } });
  await api.get("/api/bytes", { headers: { "If-None-Match": "x" }, init: { cache: "no-store" } });
  await api.get("/api/files/{path}", { path: { path: "a/b".split("/") } });
  await api.post("/api/users", { body: { name: "Ada" } });
  await api.post("/api/login", { body: { name: "Ada", again: [1, 2] } });
  await api.post("/api/login", { body: { name: "Ada" }, contentType: "multipart/form-data" });
  await api.post("/api/photo", { body: { title: "t", photo: new Blob(["x"]), more: [new File([], "f")], taken: new Date() } });
  await api.post("/api/photo", { body: new FormData() });
  await api.post("/api/bytes", { body: new Uint8Array(2) });
  const user: NewUser = { name: "Ada", role: "guest" };
  const call: OptionsOf<"post", "/api/users"> = { body: user };
  const created: AnswerOf<"post", "/api/users"> = await api.post("/api/users", call);
  if (created.status === 201) proves<Equal<typeof created.body, User>>();
}

export async function refuses(): Promise<void> {
  // @ts-expect-error: a wrong path.
  await api.get("/api/user");
  // @ts-expect-error: a method that this path has not.
  await api.delete("/api/users");
  // @ts-expect-error: a method that no path has.
  await api.put("/api/users");
  // @ts-expect-error: no options, but a path parameter is required.
  await api.get("/api/users/{id}");
  // @ts-expect-error: no path parameter.
  await api.get("/api/users/{id}", { path: {} });
  // @ts-expect-error: a path parameter of the wrong type.
  await api.get("/api/users/{id}", { path: { id: "1" } });
  // @ts-expect-error: a path parameter that is not there.
  await api.get("/api/users/{id}", { path: { id: 1, ids: 2 } });
  // @ts-expect-error: a catch-all takes a list.
  await api.get("/api/files/{path}", { path: { path: "a/b" } });
  // @ts-expect-error: no query, but one is required.
  await api.get("/api/users", {});
  // @ts-expect-error: `since` is required.
  await api.get("/api/users", { query: { tag: ["a"], active: true } });
  // @ts-expect-error: a parameter of the query that is not there.
  await api.get("/api/users", { query: { tag: ["a"], active: true, since: "", limits: 2 } });
  // @ts-expect-error: this one takes no query.
  await api.get("/api/bytes", { query: {} });
  // @ts-expect-error: a header field of the wrong type.
  await api.get("/api/users", { query: { tag: [], active: true, since: "" }, headers: { "X-Trace": 1 } });
  // @ts-expect-error: no body.
  await api.post("/api/users", {});
  // @ts-expect-error: a body without its name.
  await api.post("/api/users", { body: {} });
  // @ts-expect-error: a body with a property that is not there.
  await api.post("/api/users", { body: { name: "Ada", nam: "" } });
  // @ts-expect-error: a word that is none of the enumeration.
  await api.post("/api/users", { body: { name: "Ada", role: "boss" } });
  // @ts-expect-error: a body where none is taken.
  await api.get("/api/bytes", { body: "x" });
  // @ts-expect-error: a media type that is not accepted.
  await api.post("/api/login", { body: { name: "Ada" }, contentType: "application/json" });
  // @ts-expect-error: a file is no text.
  await api.post("/api/photo", { body: { title: "t", photo: "x" } });
  // @ts-expect-error: bytes are no object.
  await api.post("/api/bytes", { body: { a: 1 } });
  // @ts-expect-error: the method belongs to the client.
  await api.get("/api/bytes", { init: { method: "POST" } });
  // @ts-expect-error: misspelt.
  createClient({ baseURL: "http://localhost" });
}

export async function copesWithHostileNames(evil: Evil): Promise<Json | undefined> {
  const hostile = createHostile();
  const answer = await hostile.get('/evil/"*/{a b}/`$/{__proto__}', {
    path: { "a b": "x", ["__proto__"]: 1 },
    // Every object has a `constructor`, so that TypeScript wants this one spelt out.
    query: { constructor: undefined, 'quo"te': [1, true], ok: { a: "x" }, when: [new Date(), ""] },
    headers: { 'X-Evil"*/': [1, 2] },
  });
  if (answer.status === 200) proves<Equal<typeof answer.body, Evil>>();
  if (answer.status === 503) proves<Equal<typeof answer.body, unknown>>();
  const words: string[] = [evil["\u2028"], evil["new\nline"], evil[""], evil["\ud800"], evil["constructor"]];
  // @ts-expect-error: no such property.
  words.push(evil.nothing);
  const all = await hostile.get("/all");
  proves<Equal<typeof all.ok, true>>();
  await hostile.post("/all", { body: 1 });
  await hostile.post("/all", { body: "a", contentType: "text/plain" });
  await hostile.post("/all", { body: new Blob([]), contentType: "image/*" });
  // @ts-expect-error: none of the words.
  await hostile.post("/all", { body: "c", contentType: "text/plain" });
  // @ts-expect-error: the text is no number, which is what JSON stands for here.
  await hostile.post("/all", { body: "a" });
  await hostile.put("/all");
  await hostile.query("/all");
  await hostile.purge("/all");
  const tree: Tree = { value: [1, { a: null }], kids: [{ owner: null }] };
  return tree.kids?.[0]?.value;
}

export function tellsErrors(error: unknown): number | undefined {
  return error instanceof UndeclaredStatusError ? error.status : undefined;
}
