// Uses the client of the document that the app writes of itself: `node own.js http://…`.
import { createClient } from "./own_client.js";
import type { Problem, Tick } from "./own_client.js";

declare const process: { readonly argv: readonly string[] };

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const proves = <T extends true>(value?: T): T | undefined => value;

const api = createClient({ baseUrl: process.argv[2] });
const found: unknown[] = [];

for (const id of [1, 2]) {
  const answer = await api.get("/api/users/{id}", { path: { id } });
  if (answer.status === 200) found.push(answer.body.name);
  else if (answer.status === 404) found.push(answer.body.error);
  else proves<Equal<typeof answer.body, Problem>>();
}
const users = await api.get("/api/users", {
  query: { tag: ["a", "b"], active: false, since: new Date(0) },
  headers: { "x-trace": "t" },
});
found.push(users.ok && users.body);
found.push((await api.post("/api/users", { body: { name: "Ada" } })).status);
found.push((await api.delete("/api/users/{id}", { path: { id: 1 } })).status);
found.push((await api.post("/api/login", { body: { name: "x" } })).body);
const photo = await api.post("/api/photo", { body: { title: "t", photo: new Blob(["x"]), more: [new Blob(["y"])] } });
found.push(photo.body);
found.push((await api.get("/api/files/{path}", { path: { path: ["a", "b/c"] } })).body);
const events = await api.get("/api/events");
if (events.ok) {
  for await (const event of events.body) {
    proves<Equal<typeof event.data, Tick>>();
    found.push(event.data.n);
  }
}
const lines = await api.get("/api/lines");
if (lines.ok) for await (const line of lines.body) found.push(line.n);
const bytes = await api.get("/api/bytes");
if (bytes.ok) found.push(bytes.body.size);
found.push((await api.post("/api/bytes", { body: new Uint8Array([7]) })).body);
const refused = await api.get("/api/refused");
if (!refused.ok) found.push(refused.body.detail);

console.log(JSON.stringify(found));
