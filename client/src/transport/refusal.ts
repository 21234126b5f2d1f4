// Why something asked for was not done, whether the server said so or nothing was heard.

export interface ErrorBody {
  code: string;
  message: string;
  retryable?: boolean;
  retry_after_ms?: number | null;
  field?: string | null;
}

/** Codes of our own: nothing was sent; something was, and no answer came in time. */
export const OFFLINE = "offline";
export const NO_ANSWER = "no_answer";

export class Refusal extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly field: string | null;
  readonly body: Record<string, unknown>;

  constructor(body: ErrorBody) {
    super(body.message);
    this.code = body.code;
    this.retryable = body.retryable === true;
    this.retryAfterMs = body.retry_after_ms ?? null;
    this.field = body.field ?? null;
    this.body = body as unknown as Record<string, unknown>;
  }

  /** Nobody said no: the connection or the answer is missing. */
  get unheard(): boolean {
    return this.code === OFFLINE || this.code === NO_ANSWER;
  }

  get sessionEnded(): boolean {
    return this.code === "not_authed" || this.code === "session_expired";
  }
}

/** The data of an answer. Whatever is not plainly a success is a failure: libraries make empty answers of bugs. */
export function dataOf<Data>(answer: unknown): Data {
  const body = answer as { ok?: unknown; data?: Data; error?: ErrorBody } | null | undefined;
  if (body?.ok === true) return (body.data ?? {}) as Data;
  if (typeof body?.error?.code === "string") throw new Refusal(body.error);
  throw new Refusal({ code: "internal_error", message: "The server gave no proper answer.", retryable: true });
}

export const asRefusal = (error: unknown): Refusal =>
  error instanceof Refusal ? error : new Refusal({ code: "internal_error", message: String(error) });
