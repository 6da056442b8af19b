// --- answers ---------------------------------------------------------------------------------------------------------

type StatusDigit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
type NumberOf<T extends string> = T extends `${infer N extends number}` ? N : never;

/** 200 to 299. */
export type HttpSuccess = NumberOf<`2${StatusDigit}${StatusDigit}`>;
/** 300 to 399. */
export type HttpRedirection = NumberOf<`3${StatusDigit}${StatusDigit}`>;
/** 400 to 499. */
export type HttpClientError = NumberOf<`4${StatusDigit}${StatusDigit}`>;
/** 500 to 599. */
export type HttpServerError = NumberOf<`5${StatusDigit}${StatusDigit}`>;
/** The statuses whose answers never have a body. */
export type HttpNoBody = 204 | 205 | 304;
/** Every status that `fetch` shows. */
export type HttpStatus = HttpSuccess | HttpRedirection | HttpClientError | HttpServerError;

/** What all answers have. */
export interface AnswerBase {
  readonly headers: Headers;
  /** The response as `fetch` gave it; its body has been read, unless `body` is a stream. */
  readonly response: Response;
}

/** An answer with a status of 200 to 299. */
export interface OkAnswer<S extends HttpSuccess, B, T extends string = string> extends AnswerBase {
  readonly status: S;
  readonly ok: true;
  readonly redirected: false;
  /** The media type, in lower case and without parameters; empty when there is none. */
  readonly contentType: T;
  readonly body: B;
}

/** An answer with any other status. */
export interface ErrorAnswer<S extends Exclude<HttpStatus, HttpSuccess>, B, T extends string = string>
  extends AnswerBase {
  readonly status: S;
  readonly ok: false;
  readonly redirected: false;
  /** The media type, in lower case and without parameters; empty when there is none. */
  readonly contentType: T;
  readonly body: B;
}

/** The answer of what the operation redirected to, which `fetch` has followed; anything may be there. */
export interface RedirectedAnswer extends AnswerBase {
  readonly status: HttpStatus;
  readonly ok: boolean;
  readonly redirected: true;
  readonly contentType: string;
  /** JSON parsed, events as a stream, text as it is, anything else a `Blob`. */
  readonly body: unknown;
}

/** One event of an event stream. */
export interface ServerSentEvent<D> {
  /** The type; `message` unless the server says otherwise. */
  readonly event: string;
  readonly data: D;
  /** The id of the last event that had one; empty before there was any. */
  readonly id: string;
  /** The milliseconds to wait before connecting again, as the server last asked; undefined if it never did. */
  readonly retry: number | undefined;
}

/** The items of a stream, as they arrive: `for await (const item of answer.body)`. Leaving the loop ends the request. */
export interface AnswerStream<T> extends AsyncIterable<T> {
  /** Ends the request of a stream that is not going to be read. */
  cancel(): Promise<void>;
}

// --- requests --------------------------------------------------------------------------------------------------------

/** What a parameter of the path, the query or the header fields may be. Null and undefined are left out. */
export type ParameterValue = string | number | boolean | bigint | Date | null | undefined;

/** Header fields by name; a list is joined by commas. */
export interface HeaderValues {
  readonly [name: string]: ParameterValue | readonly ParameterValue[];
}

/** A body that is sent as it is. */
export type RawBody = Blob | ArrayBuffer | ArrayBufferView | string;

/** The options of `fetch` that are not made from the call. */
export type FetchOptions = Omit<RequestInit, "body" | "headers" | "method" | "signal">;

/** What every call takes. */
export interface CallOptions {
  /** Further header fields; they stand for those of the client. */
  readonly headers?: HeaderValues | undefined;
  /** Ends the request; `AbortSignal.timeout(5000)` ends it after five seconds. */
  readonly signal?: AbortSignal | null | undefined;
  /** Further options of `fetch`: `{ credentials: "include" }`. */
  readonly init?: FetchOptions | undefined;
}

/** What `createClient` takes. */
export interface ClientOptions {
  /** What stands before every path: `https://example.com/v1`. */
  readonly baseUrl?: string | undefined;
  /** Header fields of every request, or a function that gives them, asked before each. */
  readonly headers?: HeaderValues | (() => HeaderValues | Promise<HeaderValues>) | undefined;
  /** Used instead of the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Options of `fetch` for every request. */
  readonly init?: FetchOptions | undefined;
}

type CallArguments<O> = {} extends O ? [options?: O & CallOptions] : [options: O & CallOptions];
type DescribedOperation = { readonly options: unknown; readonly answer: unknown };
type PartOf<O, K extends keyof DescribedOperation> = O extends DescribedOperation ? O[K] : never;

/** What a method and path takes: `OptionsOf<"get", "/users">`. */
export type OptionsOf<M extends keyof Operations, P extends keyof Operations[M]> = PartOf<Operations[M][P], "options"> &
  CallOptions;

/** What a method and path answers: `AnswerOf<"get", "/users">`. */
export type AnswerOf<M extends keyof Operations, P extends keyof Operations[M]> = PartOf<Operations[M][P], "answer">;

/** The operations, by method and path: `await api.get("/users", { query: { page: 2 } })`. */
export type ApiClient = {
  readonly [M in keyof Operations]: <P extends keyof Operations[M] & string>(
    path: P,
    ...options: CallArguments<PartOf<Operations[M][P], "options">>
  ) => Promise<PartOf<Operations[M][P], "answer">>;
};

// --- errors ----------------------------------------------------------------------------------------------------------

/** What all errors of this client are; what goes wrong on the network is the error of `fetch`. */
export class ApiClientError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ApiClientError";
  }
}

/** A request that cannot be sent as it is; nothing has been sent. */
export class ApiRequestError extends ApiClientError {
  constructor(message: string) {
    super(message);
    this.name = "ApiRequestError";
  }
}

/** An answer with a status that the document does not declare. */
export class UndeclaredStatusError extends ApiClientError {
  readonly status: number;
  /** The response; its body has not been read. */
  readonly response: Response;

  constructor(operation: string, response: Response) {
    super(`${operation} answered with the status ${response.status}, which the document does not declare.`);
    this.name = "UndeclaredStatusError";
    this.status = response.status;
    this.response = response;
  }
}

/** An answer whose body is not what the document declares: another media type, or JSON that is none. */
export class InvalidAnswerError extends ApiClientError {
  readonly status: number;
  /** The response; its body has been read if `text` is there. */
  readonly response: Response;
  /** What should have been JSON; undefined when the media type was wrong. */
  readonly text: string | undefined;

  constructor(message: string, response: Response, text?: string) {
    super(message);
    this.name = "InvalidAnswerError";
    this.status = response.status;
    this.response = response;
    this.text = text;
  }
}

// --- at work ---------------------------------------------------------------------------------------------------------

type AnswerKind = "json" | "text" | "blob" | "events" | "textEvents" | "lines";
type BodyKind = "json" | "form" | "multipart" | "text" | "raw";
type AnyValues = { readonly [name: string]: unknown };

interface OperationInfo {
  /** By status or group, how bodies are read, by media type. */
  readonly answers: { readonly [status: string]: { readonly [mediaType: string]: AnswerKind } };
  /** How bodies are written, by media type; the first is the preferred one. */
  readonly body?: { readonly [mediaType: string]: BodyKind };
  /** The path parameters that are lists of segments. */
  readonly segments?: readonly string[];
  /** Whether it may redirect. */
  readonly redirects?: true;
}

interface AnyCall extends CallOptions {
  readonly path?: AnyValues | undefined;
  readonly query?: AnyValues | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
}

/** Makes a client: `createClient({ baseUrl: "https://example.com" })`. */
export function createClient(options: ClientOptions = {}): ApiClient {
  const calls = METHODS.map((method) => [
    method.toLowerCase(),
    (path: string, call: AnyCall = {}): Promise<unknown> => send(options, method, path, call),
  ]);
  return Object.freeze(Object.fromEntries(calls)) as ApiClient;
}

async function send(client: ClientOptions, method: string, path: string, call: AnyCall): Promise<unknown> {
  const name = `${method} ${path}`;
  const operation = OPERATIONS.get(name);
  if (operation === undefined) throw new ApiRequestError(`There is no operation ${name}.`);
  const base = (client.baseUrl ?? BASE_URL).replace(/\/+$/, "");
  const url = base + fillPath(path, operation.segments ?? [], call.path ?? {}) + writeQuery(call.query ?? {});
  const headers = new Headers();
  const accepted = new Set(Object.values(operation.answers).flatMap((contents) => Object.keys(contents)));
  if (accepted.size > 0) headers.set("accept", [...accepted].join(", "));
  setHeaders(headers, typeof client.headers === "function" ? await client.headers() : client.headers);
  setHeaders(headers, call.headers);
  const init: RequestInit = { ...client.init, ...call.init, method, headers };
  if (call.signal) init.signal = call.signal;
  if (call.body !== undefined) init.body = writeBody(name, operation.body ?? {}, call, headers);
  const response = await (client.fetch ?? fetch)(url, init);
  return readAnswer(name, operation, method, response);
}

// An own property: a parameter may be called `constructor`.
function own<V>(values: { readonly [name: string]: V }, name: string): V | undefined {
  return Object.prototype.hasOwnProperty.call(values, name) ? values[name] : undefined;
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function toText(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new ApiRequestError(`${what} is a date that is none.`);
    return value.toISOString();
  }
  throw new ApiRequestError(`${what} is ${isNothing(value) ? String(value) : "no text, number, truth value or date"}.`);
}

function fillPath(template: string, segments: readonly string[], values: AnyValues): string {
  const filled = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const what = `The path parameter ${JSON.stringify(name)} of ${template}`;
    const value = own(values, name);
    const texts = Array.isArray(value) ? value.map((item) => toText(item, what)) : [toText(value, what)];
    if (texts.length === 0 || texts.includes("")) {
      throw new ApiRequestError(`${what} is empty, which would be another path.`);
    }
    return texts.map((text) => encodeText(text, what)).join(segments.includes(name) ? "/" : ",");
  });
  // However they are encoded, these are resolved before a request is sent.
  const dots = filled.split("/").find((segment) => segment === "." || segment === "..");
  if (dots !== undefined) {
    throw new ApiRequestError(`${JSON.stringify(dots)} in the path ${template} would be another path.`);
  }
  return filled;
}

function encodeText(text: string, what: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw new ApiRequestError(`${what} has half a character: ${JSON.stringify(text)}.`);
  }
}

function writeQuery(values: AnyValues): string {
  const query = new URLSearchParams();
  addFields(values, "The query parameter", (name, value, what) => {
    // As `style: form` has it: the properties of an object are parameters of their own.
    if (isObject(value)) addFields(value, what, (key, item, inner) => query.append(key, toText(item, inner)));
    else query.append(name, toText(value, what));
  });
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

function isObject(value: unknown): value is AnyValues {
  return typeof value === "object" && value !== null && !(value instanceof Date) && !(value instanceof Blob);
}

/** Hands over each value under its name, the items of a list one by one; nothing for null and undefined. */
function addFields(values: AnyValues, what: string, add: (name: string, value: unknown, what: string) => void): void {
  for (const [name, value] of Object.entries(values)) {
    for (const item of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (!isNothing(item)) add(name, item, `${what} ${JSON.stringify(name)}`);
    }
  }
}

function setHeaders(headers: Headers, values: HeaderValues | undefined): void {
  for (const [name, value] of Object.entries(values ?? {})) {
    const what = `The header field ${JSON.stringify(name)}`;
    const items = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter((item) => !isNothing(item));
    if (items.length === 0) continue;
    const text = items.map((item) => toText(item, what)).join(", ");
    try {
      headers.set(name, text);
    } catch {
      throw new ApiRequestError(`${what} cannot be sent with the value ${JSON.stringify(text)}.`);
    }
  }
}

function writeBody(
  name: string,
  contents: { readonly [mediaType: string]: BodyKind },
  call: AnyCall,
  headers: Headers,
): BodyInit {
  const mediaType = call.contentType ?? Object.keys(contents)[0] ?? "";
  const kind = own(contents, mediaType);
  if (kind === undefined) throw new ApiRequestError(`${name} takes no body of the media type "${mediaType}".`);
  const { body } = call;
  if (kind === "multipart") {
    // With the boundary, which only `fetch` knows.
    headers.delete("content-type");
    return body instanceof FormData ? body : writeMultipart(body);
  }
  let written: BodyInit;
  if (kind === "json") {
    const text: string | undefined = JSON.stringify(body);
    if (text === undefined) throw new ApiRequestError(`The body of ${name} is a ${typeof body}, which JSON has not.`);
    written = text;
  } else if (kind === "form") {
    written = body instanceof URLSearchParams ? body : writeForm(body);
  } else {
    written = body as BodyInit;
  }
  if (!headers.has("content-type")) {
    if (!mediaType.includes("*")) headers.set("content-type", kind === "text" ? `${mediaType};charset=UTF-8` : mediaType);
    // The type of a `Blob` and that of text are set by `fetch`.
    else if (!(body instanceof Blob && body.type !== "") && typeof body !== "string") {
      headers.set("content-type", "application/octet-stream");
    }
  }
  return written;
}

function writeForm(body: unknown): URLSearchParams {
  const form = new URLSearchParams();
  addFields(body as AnyValues, "The field", (name, value, what) => form.append(name, toText(value, what)));
  return form;
}

function writeMultipart(body: unknown): FormData {
  const form = new FormData();
  addFields(body as AnyValues, "The field", (name, value, what) => {
    if (value instanceof Blob) form.append(name, value);
    else form.append(name, isObject(value) ? JSON.stringify(value) : toText(value, what));
  });
  return form;
}

async function readAnswer(
  name: string,
  operation: OperationInfo,
  method: string,
  response: Response,
): Promise<unknown> {
  const { status, ok, headers } = response;
  const contentType = (headers.get("content-type") ?? "").split(";", 1).join("").trim().toLowerCase();
  const answer = { status, ok, redirected: false, contentType, headers, response };
  const hasNoBody = method === "HEAD" || status === 204 || status === 205 || status === 304;
  if (response.redirected && operation.redirects) {
    const kind = guessKind(contentType);
    return { ...answer, redirected: true, body: hasNoBody ? undefined : await readBody(name, response, kind) };
  }
  const exact = own(operation.answers, String(status));
  const contents = exact ?? own(operation.answers, `${Math.trunc(status / 100)}XX`);
  const kinds = contents === undefined ? [] : Object.values(contents);
  // A group that has a body does not stand for a status that has none.
  if (contents === undefined || (hasNoBody && method !== "HEAD" && exact === undefined && kinds.length > 0)) {
    throw new UndeclaredStatusError(name, response);
  }
  if (hasNoBody || kinds.length === 0) {
    await response.body?.cancel();
    return { ...answer, body: undefined };
  }
  const kind =
    own(contents, contentType) ?? own(contents, contentType.replace(/\/.*/, "/*")) ?? own(contents, "*/*");
  if (kind === undefined) {
    const declared = Object.keys(contents).join(", ");
    throw new InvalidAnswerError(
      `${name} answered with the status ${status} and the media type "${contentType}"; the document declares ${declared}.`,
      response,
    );
  }
  return { ...answer, body: await readBody(name, response, kind) };
}

function guessKind(contentType: string): AnswerKind {
  if (contentType === "application/json" || contentType.endsWith("+json")) return "json";
  if (contentType === "text/event-stream") return "textEvents";
  return contentType.startsWith("text/") ? "text" : "blob";
}

async function readBody(name: string, response: Response, kind: AnswerKind): Promise<unknown> {
  switch (kind) {
    case "json":
      return parseJson(name, response, await response.text());
    case "text":
      return response.text();
    case "blob":
      return response.blob();
    case "lines":
      return toStream(response, () => readJsonLines(name, response));
    default:
      return toStream(response, () => readEvents(name, response, kind === "events"));
  }
}

function parseJson(name: string, response: Response, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidAnswerError(
      `${name} answered with the status ${response.status} and a body that is no JSON: ${JSON.stringify(text.slice(0, 80))}.`,
      response,
      text,
    );
  }
}

function toStream<T>(response: Response, read: () => AsyncGenerator<T, void, undefined>): AnswerStream<T> {
  return {
    [Symbol.asyncIterator]: read,
    cancel: async (): Promise<void> => {
      await response.body?.cancel();
    },
  };
}

/** Splits a body into lines; what comes after the last end of a line is given for JSON lines alone. */
async function* readLines(response: Response, isEvents: boolean): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let isAfterReturn = false;
  try {
    for (let isDone = false; !isDone; ) {
      const chunk = await reader.read();
      isDone = chunk.done;
      const text = chunk.done ? decoder.decode() : decoder.decode(chunk.value, { stream: true });
      let start = 0;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        const isReturn = code === 13 && isEvents;
        if (code === 10 && isAfterReturn) {
          start = at + 1;
        } else if (code === 10 || isReturn) {
          yield rest + text.slice(start, at);
          rest = "";
          start = at + 1;
        }
        isAfterReturn = isReturn;
      }
      rest += text.slice(start);
    }
    if (!isEvents) yield rest;
  } finally {
    // A stream that has failed fails here again; who reads it has been told already.
    await reader.cancel().catch(() => undefined);
  }
}

async function* readJsonLines(name: string, response: Response): AsyncGenerator<unknown, void, undefined> {
  for await (const line of readLines(response, false)) {
    if (line.trim() !== "") yield parseJson(name, response, line);
  }
}

// By the rules of the HTML standard, "Interpreting an event stream".
async function* readEvents(
  name: string,
  response: Response,
  isJson: boolean,
): AsyncGenerator<ServerSentEvent<unknown>, void, undefined> {
  let event = "";
  let data: string[] = [];
  let id = "";
  let retry: number | undefined;
  for await (const line of readLines(response, true)) {
    if (line === "") {
      if (data.length > 0) {
        const text = data.join("\n");
        yield { event: event || "message", data: isJson ? parseJson(name, response, text) : text, id, retry };
      }
      event = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) retry = Number(value);
  }
}
