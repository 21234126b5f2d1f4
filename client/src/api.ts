// REST: what is asked once and not live. Failures are Refusals, as over the socket.
import { backoff } from "./lib/backoff";
import { asRefusal, NO_ANSWER, Refusal, type ErrorBody } from "./transport/refusal";
import { texts } from "./texts";

const TIMEOUT_MS = 20_000;
const MAX_TRIES = 5;

export interface Rest {
  get<Data>(path: string): Promise<Data>;
  send<Data>(method: "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: object): Promise<Data>;
}

/** A whole list, page by page: what the first page says, with the rows of all pages under `name`. */
export async function readAll<Page extends object>(rest: Rest, path: string, name: keyof Page): Promise<Page> {
  type Part = Page & { next?: string | number | null };
  const first = await rest.get<Part>(path);
  let rows = first[name] as unknown[];
  let { next } = first;
  while (next !== undefined && next !== null) {
    const page = await rest.get<Part>(`${path}?${query({ after: next })}`);
    rows = [...rows, ...(page[name] as unknown[])];
    next = page.next;
  }
  return { ...first, [name]: rows };
}

export class Api implements Rest {
  csrfToken = "";
  onSessionEnded = () => {};

  /** As in the transport: a page's own server, or another and the token for it. */
  constructor(
    private readonly url = "",
    private readonly token = "",
  ) {}

  /** What is only read is asked for again when the server wants it slower: nobody has to know. */
  async get<Data>(path: string): Promise<Data> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.fetch<Data>(path, {});
      } catch (error) {
        const { code, retryAfterMs } = asRefusal(error);
        if (code !== "rate_limited" || tries === MAX_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs ?? backoff(tries)));
      }
    }
  }

  send<Data>(method: string, path: string, body: object = {}): Promise<Data> {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": this.csrfToken };
    return this.fetch<Data>(path, { method, headers, body: JSON.stringify(body) });
  }

  private async fetch<Data>(path: string, init: RequestInit): Promise<Data> {
    const bearer: HeadersInit = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    const request = { ...init, headers: { Accept: "application/json", ...bearer, ...init.headers } };
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(`${this.url}/api/v1${path}`, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
      body = await response.json().catch(() => null);
    } catch {
      throw new Refusal({ code: NO_ANSWER, message: texts.errors.noServer, retryable: true });
    }
    if (response.ok) return body as Data;
    const refusal = new Refusal((body as { error?: ErrorBody } | null)?.error ?? unexplained(response.status));
    if (refusal.sessionEnded) this.onSessionEnded();
    throw refusal;
  }
}

const unexplained = (status: number): ErrorBody => ({
  code: status === 404 ? "not_found" : "internal_error",
  message: texts.errors.status(status),
  retryable: status >= 500,
});

export const query = (values: Record<string, string | number>): string =>
  new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])).toString();
