// What the app needs of a connection. Socket.IO is one way to have it, the API Gateway another.
import type { ReadonlySignal } from "@preact/signals";
import type { Actions, Told } from "../wire";

/** "waiting": between two attempts; "ended": the server does not know us any more, only signing in helps. */
export type TransportState = "idle" | "connecting" | "connected" | "waiting" | "ended";

export interface Transport {
  readonly state: ReadonlySignal<TransportState>;
  /** When the latest try was or will be made since the connection was lost (as of Date.now); null while it stands. */
  readonly retryAt: ReadonlySignal<number | null>;
  /** The server said goodbye: it restarts, and asked us to come back in a moment. */
  readonly draining: ReadonlySignal<boolean>;
  connect(): void;
  close(): void;
  /** Try now; a try that is under way and hears nothing is given up for a new one. */
  retry(): void;
  /** Drop a connection that is no use (it answers nothing, or is of another epoch) and make a new one. */
  restart(): void;
  /** Ask; answers the data, or throws a Refusal. Never waits for a connection. */
  request<Action extends keyof Actions>(
    action: Action,
    payload: Actions[Action]["asks"],
    options?: { timeoutMs?: number },
  ): Promise<Actions[Action]["answers"]>;
  /** Hear everything that is told; returns how to stop. */
  on(listener: (...told: Told) => void): () => void;
}
