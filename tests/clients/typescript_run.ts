// Calls a live server, and one of its own, and writes what came of it as JSON: `node typescript_run.js http://…`.
import {
  ApiClientError,
  ApiRequestError,
  createClient,
  InvalidAnswerError,
  UndeclaredStatusError,
} from "./client.js";
import { createClient as createHostile } from "./hostile.js";

declare const process: { readonly argv: readonly string[] };

const baseUrl = process.argv[2] ?? "";
const results: Record<string, unknown> = {};

async function describe(error: unknown): Promise<unknown> {
  if (error instanceof UndeclaredStatusError) return [error.name, error.status, error.message];
  if (error instanceof InvalidAnswerError) return [error.name, error.status, error.message, error.text ?? null];
  if (error instanceof ApiClientError) return [error.name, error.message];
  return error instanceof Error ? error.name : String(error);
}

async function record(name: string, run: () => Promise<unknown>): Promise<void> {
  results[name] = await run().catch(describe);
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const show = ({ status, body }: { status: number; body: unknown }): unknown[] => [status, body ?? null];

// --- the live server ---

const api = createClient({ baseUrl: `${baseUrl}/`, headers: { Authorization: "from the client", "X-Trace": "client" } });
const since = new Date(Date.UTC(2024, 1, 29, 12));

await record("json by status: 200", async () => show(await api.get("/api/users/{id}", { path: { id: 1 } })));
await record("json by status: 404", async () => show(await api.get("/api/users/{id}", { path: { id: 2 } })));
await record("json by status: 422", async () => {
  const answer = await api.get("/api/users/{id}", { path: { id: "x" as unknown as number } });
  return [answer.status, answer.contentType, answer.status === 422 && answer.body.title];
});
await record("query and headers", async () =>
  show(
    await api.get("/api/users", {
      query: { tag: ["a b", "ü&="], active: true, since, limit: null },
      headers: { "X-Trace": "call" },
    }),
  ),
);
await record("json body", async () => show(await api.post("/api/users", { body: { name: "Zoë", role: "admin" } })));
await record("no content", async () => show(await api.delete("/api/users/{id}", { path: { id: 1 } })));
await record("urlencoded", async () => show(await api.post("/api/login", { body: { name: "a&b=ü", again: [1, 2] } })));
await record("form by choice", async () =>
  show(await api.post("/api/login", { body: { name: "x", again: [3] }, contentType: "multipart/form-data" })),
);
await record("multipart", async () =>
  show(
    await api.post("/api/photo", {
      body: {
        title: "Ü",
        photo: new File([new Uint8Array([0, 255])], "p.png"),
        more: [new Blob(["abc"]), new File(["de"], "ß.txt")],
        taken: since,
      },
      headers: { "Content-Type": "nonsense" },
    }),
  ),
);
await record("catch-all", async () =>
  show(await api.get("/api/files/{path}", { path: { path: ["a b", "ü%2F", "c?#&", "..."] } })),
);
await record("path value", async () => show(await api.get("/api/names/{name}", { path: { name: "ä b%2f?#;" } })));
await record("text", async () => show(await api.get("/api/both", { query: { as: "text" } })));
await record("one of two media types", async () => {
  const answer = await api.get("/api/both", { query: { as: "json" } });
  return [answer.ok && answer.contentType, answer.body];
});
await record("head", async () => show(await api.head("/api/both")));
await record("bytes", async () => {
  const answer = await api.get("/api/bytes");
  return answer.ok && [answer.body.type, [...new Uint8Array(await answer.body.arrayBuffer())]];
});
await record("raw bytes", async () => show(await api.post("/api/bytes", { body: new Uint8Array([1, 2, 3]) })));
await record("raw blob", async () => show(await api.post("/api/bytes", { body: new Blob(["x"], { type: "image/png" }) })));
await record("raw text", async () => show(await api.post("/api/bytes", { body: "ü" })));
await record("events", async () => {
  const answer = await api.get("/api/events");
  return answer.ok && collect(answer.body);
});
await record("lines", async () => {
  const answer = await api.get("/api/lines");
  return answer.ok && collect(answer.body);
});
await record("redirect", async () => {
  const answer = await api.get("/api/old");
  return [answer.status, answer.redirected, answer.body];
});
await record("redirect by hand", async () => {
  const answer = await api.get("/api/old", { init: { redirect: "manual" } });
  return [answer.status, answer.redirected, answer.headers.get("location"), answer.body ?? null];
});
await record("default", async () => show(await api.get("/api/refused")));
await record("broken json", () => api.get("/api/broken"));
await record("undeclared status", () => api.get("/api/nowhere"));
await record("an aborted request", () => api.get("/api/bytes", { signal: AbortSignal.abort() }));

// --- refused before anything is sent ---

const silent = createClient({
  fetch: () => {
    throw new Error("A request was sent.");
  },
});
const names: readonly string[] = ["", ".", "..", "\ud800"];
for (const name of names) {
  await record(`path value ${JSON.stringify(name)}`, () => silent.get("/api/names/{name}", { path: { name } }));
  await record(`segment ${JSON.stringify(name)}`, () => silent.get("/api/files/{path}", { path: { path: ["a", name] } }));
}
await record("no segments", () => silent.get("/api/files/{path}", { path: { path: [] } }));
await record("no path value", () => silent.get("/api/names/{name}", { path: {} as { name: string } }));
await record("header with a line end", () => silent.get("/api/bytes", { headers: { "X-A": "a\r\nb: c" } }));
await record("header of another script", () => silent.get("/api/bytes", { headers: { "X-A": "日本" } }));
await record("no date", () => silent.get("/api/bytes", { headers: { "X-A": new Date(NaN) } }));
await record("body that JSON has not", () =>
  silent.post("/api/users", { body: (() => 1) as unknown as { name: string } }),
);
await record("unknown operation", () => silent.get("/nowhere" as "/api/bytes"));

// --- answers of our own ---

type Sent = { url: string; method: string | undefined; headers: Record<string, string>; body: unknown };
const sent: Sent[] = [];

function answering(body: BodyInit | null, contentType: string | null, status = 200): typeof api {
  return createClient({
    baseUrl: "http://test",
    headers: async () => ({ "X-List": [1, true, null, "x"], "X-None": undefined }),
    fetch: async (url, init) => {
      const headers: Record<string, string> = {};
      new Headers(init.headers).forEach((value, name) => (headers[name] = value));
      sent.push({ url, method: init.method, headers, body: typeof init.body === "string" ? init.body : null });
      const response = new Response(body, { status });
      response.headers.delete("content-type");
      if (contentType !== null) response.headers.set("content-type", contentType);
      return response;
    },
  });
}

let cancelled = 0;

function pieces(...parts: readonly (string | readonly number[])[]): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream({
    pull(controller) {
      const part = left.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(typeof part === "string" ? new TextEncoder().encode(part) : new Uint8Array(part));
    },
    cancel() {
      cancelled += 1;
    },
  });
}

async function events(...parts: readonly (string | readonly number[])[]): Promise<unknown> {
  const answer = await answering(pieces(...parts), "text/event-stream; charset=utf-8").get("/api/events");
  return answer.ok && collect(answer.body);
}

const n = (event: unknown): unknown => (event as readonly { data: { n: unknown } }[]).map(({ data }) => data.n);

await record("sse: every end of a line", async () =>
  n(await events('data: {"n":1}\n\ndata: {"n":2}\r\rdata: {"n":3}\r\n\r\ndata: {"n":4}\r\n\n')),
);
await record("sse: CR LF cut in two", async () => n(await events('data: {"n":\r', '\ndata: 1}\r\n\r', '\ndata: {"n":2\r', "", "\ndata:}\n\r\n")));
await record("sse: CR ends a line at once", async () => {
  // The stream stays open, so that nothing but the second CR can end the event.
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('data: {"n":1}\r\r')),
  });
  const answer = await answering(body, "text/event-stream").get("/api/events");
  if (!answer.ok) return answer.status;
  for await (const event of answer.body) return event.data.n;
  return "no event";
});
await record("sse: a character cut in two", async () => n(await events('data: {"n":"', [0xe2, 0x82], [0xac], '"}\n\n')));
await record("sse: a byte order mark", async () => n(await events([0xef, 0xbb], [0xbf], 'data: {"n":1}\n\n')));
await record("sse: one byte at a time", async () =>
  n(await events(...[...new TextEncoder().encode('id\ndata: {"n":"ü"}\r\n\r\n')].map((byte) => [byte]))),
);
await record("sse: data in lines, fields, comments", async () =>
  events(
    ': comment\nid: 7\nevent: tick\nretry: 250\nretry: x\nunknown: 1\ndata:{"n":\ndata: 1}\n\n' +
      'id: a\0b\nevent:  two \ndata: 2\n\nevent: lost\n\ndata:  3\n\nid\ndata: 4\n\ndata: unfinished\n',
  ),
);
await record("sse: no JSON", async () => events("data: {oops\n\n"));
await record("sse: leaving the loop ends the request", async () => {
  const answer = await answering(pieces('data: {"n":1}\n\n', 'data: {"n":2}\n\n', "more", "more"), "text/event-stream").get("/api/events");
  const found: unknown[] = [];
  if (answer.ok) {
    for await (const event of answer.body) {
      found.push(event.data.n);
      break;
    }
  }
  return [found, cancelled];
});
await record("sse: unread", async () => {
  const answer = await answering(pieces("a", "b", "c"), "text/event-stream").get("/api/events");
  if (answer.ok) await answer.body.cancel();
  return cancelled;
});
await record("sse: the connection breaks", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new RangeError("broken")) });
  const answer = await answering(body, "text/event-stream").get("/api/events");
  return answer.ok && collect(answer.body);
});
await record("lines: cut anywhere, the last one without its end", async () => {
  const answer = await answering(pieces('{"n":', "1}\r\n\n  \n{", '"n":2}\n{"n":3}'), "application/jsonl").get("/api/lines");
  return answer.ok && collect(answer.body);
});
await record("a proxy's page", () => answering("<h1>", "text/html", 502).get("/api/bytes"));
await record("no media type", () => answering("1", null).get("/api/refused"));
await record("an empty body", () => answering("", "application/json").get("/api/refused"));
await record("media type in capitals, with parameters", async () =>
  show(await answering('"x"', "Application/JSON; Charset=UTF-8").get("/api/refused")),
);
await record("a success that is not declared", () => answering("{}", "application/problem+json", 202).get("/api/refused"));
await record("a group without a body", () => answering(null, null, 304).get("/api/refused"));
await record("what is sent", async () => {
  sent.length = 0;
  await answering("null", "application/json").get("/api/refused");
  await answering("null", "application/json", 201).post("/api/users", { body: { name: "\u2028" } });
  return sent;
});
await record("hostile names", async () => {
  const urls: string[] = [];
  const hostile = createHostile({
    baseUrl: "http://test",
    fetch: async (url) => {
      urls.push(url);
      return new Response("{}", { headers: { "content-type": "application/json" } });
    },
  });
  await hostile.get('/evil/"*/{a b}/`$/{__proto__}', {
    path: { "a b": "/", ["__proto__"]: 1 },
    query: { ["__proto__"]: 1, constructor: "c", "": "empty", "😀": "e", "\u2028": "s", ok: { a: "inner" }, when: [since, "x"] },
  });
  await hostile
    .get('/evil/"*/{a b}/`$/{__proto__}', { path: { "a b": "x" } as { "a b": string; ["__proto__"]: number } })
    .catch((error: unknown) => urls.push((error as ApiRequestError).message));
  await hostile.purge("/all").catch((error: unknown) => urls.push((error as Error).name));
  return urls;
});

console.log(JSON.stringify(results));
