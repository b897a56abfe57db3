/** A request of the API with the path, the parameters and the body that `openapi.json` has for it. */
import { ChatApiError } from "./errors.ts";
import type { paths } from "./openapi.ts";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** What an operation wants. A path without this method has no operation, and nothing fits. */
type Given<Operation> = Operation extends { responses: unknown }
  ? (Operation extends { parameters: { path: infer Path } } ? { path: Path } : { path?: undefined }) &
    (Operation extends { parameters: { query?: infer Query } } ? { query?: Query } : unknown) &
    (Operation extends { requestBody: { content: { "application/json": infer Body } } } ? { body: Body } : { body?: undefined })
  : never;

export interface ApiRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string | undefined;
}

interface Values {
  path?: object | undefined;
  query?: object | undefined;
  body?: unknown;
}

/** One part of a path. `.` and `..` would lead to another one, however they are written; half a character is none. */
function segment(value: string): string {
  if (/^\.{0,2}$|\p{Cs}/u.test(value)) throw new ChatApiError(400, "invalid_id", { message: `"${value}" is no id.` });
  return encodeURIComponent(value);
}

export function request<Path extends keyof paths, M extends Method>(method: M, template: Path, given: Given<paths[Path][M]>): ApiRequest {
  const { path = {}, query = {}, body } = given as Values;
  const named = new Map(Object.entries(path));
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => segment(String(named.get(name))));
  // Without URLSearchParams, which React Native has only in part.
  const asked = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = asked.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
  return { method: method.toUpperCase(), path: text ? `${filled}?${text}` : filled, body: body === undefined ? undefined : JSON.stringify(body) };
}
