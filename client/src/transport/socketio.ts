// The connection over Socket.IO: the only module that knows socket.io-client.
import { batch, signal } from "@preact/signals";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { backoff } from "../lib/backoff";
import { Pace } from "../lib/pace";
import { texts } from "../texts";
import { NO_ANSWER, OFFLINE, Refusal, dataOf, type ErrorBody } from "./refusal";
import type { Actions, Events, Told } from "../wire";
import type { Transport, TransportState } from "./transport";

const ANSWER_MS = 8_000;
// Nothing in Socket.IO times out a CONNECT that is never answered.
const CONNECT_MS = 15_000;
// A server that is not back after this many tries does more than restart.
const RESTART_TRIES = 7;

export class SocketIOTransport implements Transport {
  readonly state = signal<TransportState>("idle");
  readonly retryAt = signal<number | null>(null);
  readonly draining = signal(false);
  private readonly socket: Socket;
  private readonly listeners = new Set<(...told: Told) => void>();
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private goodbyeMs: number | null = null;
  /** However many events come between two pictures of the page, it is drawn once. */
  private readonly told = new Pace<Told>((events) => batch(() => events.forEach((told) => this.tell(told))));

  /** A page finds its own server, which knows its cookie; others name theirs, and show a token in `options`. */
  constructor(url?: string, options: Partial<ManagerOptions & SocketOptions> = {}) {
    this.socket = io(url, {
      autoConnect: false,
      forceNew: true,
      // Its own backoff is 1 to 5 seconds around a mean; ours starts sooner, goes further and spreads evenly.
      reconnection: false,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      timeout: CONNECT_MS,
      ...options,
    });
    this.socket.on("connect", () => this.become("connected"));
    this.socket.on("disconnect", () => this.onLost());
    this.socket.on("connect_error", (error) => this.onRefused(error));
    this.socket.onAny((...told: Told) => this.onTold(...told));
  }

  connect(): void {
    if (this.state.value === "connected" || this.state.value === "connecting") return;
    this.become("connecting");
    this.after(CONNECT_MS + 2_000, () => this.restart());
    this.socket.connect();
  }

  close(): void {
    this.become("idle");
    this.socket.disconnect();
  }

  retry(): void {
    if (this.state.value === "connecting") this.restart();
    this.connect();
  }

  restart(): void {
    if (this.state.value === "idle" || this.state.value === "ended") return;
    this.become("waiting");
    this.socket.disconnect();
    this.onLost();
  }

  async request<Action extends keyof Actions>(
    action: Action,
    payload: Actions[Action]["asks"],
    { timeoutMs = ANSWER_MS } = {},
  ): Promise<Actions[Action]["answers"]> {
    // The library would keep it and send it after a reconnect; what is kept is the outbox's business alone.
    if (!this.socket.connected) throw new Refusal({ code: OFFLINE, message: texts.errors.offline, retryable: true });
    let answer: unknown;
    try {
      answer = await this.socket.timeout(timeoutMs).emitWithAck(action, payload);
    } catch {
      throw new Refusal({ code: NO_ANSWER, message: texts.errors.noAnswer, retryable: true });
    }
    // What was told before the answer is heard before it.
    this.told.flush();
    return dataOf(answer);
  }

  on(listener: (...told: Told) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private onTold(...told: Told): void {
    this.attempt = 0;
    const [event, payload] = told;
    if (event === "goodbye") this.onGoodbye(payload);
    this.told.push(told);
  }

  private tell(told: Told): void {
    for (const listener of this.listeners) listener(...told);
  }

  private onGoodbye({ reconnect_after_ms }: Events["goodbye"]): void {
    this.goodbyeMs = reconnect_after_ms;
    this.draining.value = true;
  }

  private onRefused(error: Error & { data?: ErrorBody }): void {
    if (error.data && new Refusal(error.data).sessionEnded) {
      this.become("ended");
      this.socket.disconnect();
      return;
    }
    if (error.data?.code === "draining") this.draining.value = true;
    this.onLost(error.data?.retry_after_ms ?? 0);
  }

  private onLost(atLeastMs = 0): void {
    if (this.state.value === "idle" || this.state.value === "ended") return;
    this.become("waiting");
    this.socket.sendBuffer.length = 0;
    const wait = this.goodbyeMs ?? Math.max(atLeastMs, backoff(this.attempt++));
    this.goodbyeMs = null;
    if (this.attempt > RESTART_TRIES) this.draining.value = false;
    this.retryAt.value = Date.now() + wait;
    this.after(wait, () => this.connect());
  }

  private become(state: TransportState): void {
    this.told.flush();
    clearTimeout(this.timer);
    this.state.value = state;
    if (state === "waiting" || state === "connecting") return;
    this.retryAt.value = null;
    this.draining.value = false;
  }

  private after(ms: number, then: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }
}
