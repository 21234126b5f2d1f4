// The connection over AWS's API Gateway: a plain WebSocket, opened with a ticket, that carries the same requests and events.
import { batch, signal } from "@preact/signals";
import type { Rest } from "../api";
import { backoff } from "../lib/backoff";
import { Pace } from "../lib/pace";
import { texts } from "../texts";
import { asRefusal, dataOf, NO_ANSWER, OFFLINE, Refusal } from "./refusal";
import type { Actions, Told } from "../wire";
import type { Transport, TransportState } from "./transport";

const ANSWER_MS = 8_000;
const CONNECT_MS = 15_000;
// AWS closes a connection after two hours, or ten minutes in which nothing came. Heads come as answers to pings.
const LIFETIME_MS = 110 * 60_000;
const PING_MS = 45_000;
const HIDDEN_PING_MS = 270_000;
const RESTART_TRIES = 7;

interface Pending {
  settle: (answer: unknown) => void;
  fail: (refusal: Refusal) => void;
  timer: ReturnType<typeof setTimeout>;
}

interface Frame {
  event?: string;
  request_id?: string | null;
  data?: unknown;
}

export class ApiGatewayTransport implements Transport {
  readonly state = signal<TransportState>("idle");
  readonly retryAt = signal<number | null>(null);
  readonly draining = signal(false);
  private socket: WebSocket | null = null;
  private readonly listeners = new Set<(...told: Told) => void>();
  private readonly pending = new Map<string, Pending>();
  /** The last request of each channel: AWS hands frames on side by side, so each waits for the one before it. */
  private readonly lanes = new Map<string, Promise<unknown>>();
  private count = 0;
  private attempt = 0;
  /** Grows with each try, so that what an earlier one still brings is known for old. */
  private generation = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setTimeout> | undefined;
  private lifeTimer: ReturnType<typeof setTimeout> | undefined;
  private goodbyeMs: number | null = null;
  private readonly told = new Pace<Told>((events) => batch(() => events.forEach((told) => this.tell(told))));

  constructor(
    private readonly url: string,
    private readonly api: Rest,
  ) {}

  connect(): void {
    if (this.state.value === "connected" || this.state.value === "connecting") return;
    this.become("connecting");
    this.after(CONNECT_MS, () => this.restart());
    void this.open(++this.generation);
  }

  close(): void {
    this.become("idle");
    this.drop();
  }

  retry(): void {
    if (this.state.value === "connecting") this.restart();
    this.connect();
  }

  restart(): void {
    if (this.state.value === "idle" || this.state.value === "ended") return;
    this.drop();
    this.onLost();
  }

  async request<Action extends keyof Actions>(
    action: Action,
    payload: Actions[Action]["asks"],
    { timeoutMs = ANSWER_MS } = {},
  ): Promise<Actions[Action]["answers"]> {
    const { generation } = this;
    const lane = (payload as { channel_id?: string }).channel_id;
    if (lane === undefined) return this.ask(action, payload, timeoutMs, generation);
    const before = this.lanes.get(lane);
    const turn = before
      ? before.then(() => this.ask(action, payload, timeoutMs, generation))
      : this.ask(action, payload, timeoutMs, generation);
    const done = turn.then(
      () => {},
      () => {},
    );
    this.lanes.set(lane, done);
    void done.then(() => this.lanes.get(lane) === done && this.lanes.delete(lane));
    return turn;
  }

  on(listener: (...told: Told) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async ask<Action extends keyof Actions>(
    action: Action,
    payload: Actions[Action]["asks"],
    timeoutMs: number,
    generation: number,
  ): Promise<Actions[Action]["answers"]> {
    const { socket } = this;
    if (this.state.value !== "connected" || socket?.readyState !== WebSocket.OPEN || generation !== this.generation) throw offline();
    const requestId = `${generation}-${++this.count}`;
    const answer = await new Promise<unknown>((settle, fail) => {
      const timer = setTimeout(() => this.fail(requestId, NO_ANSWER), timeoutMs);
      this.pending.set(requestId, { settle, fail, timer });
      socket.send(JSON.stringify({ action, request_id: requestId, ...payload }));
    });
    this.told.flush();
    return dataOf(answer);
  }

  /** A ticket opens one connection, within a minute: each try asks for its own. */
  private async open(generation: number): Promise<void> {
    let ticket: string;
    try {
      ({ ticket } = await this.api.send<{ ticket: string }>("POST", "/tickets"));
    } catch (error) {
      if (generation !== this.generation || this.state.value !== "connecting") return;
      const refusal = asRefusal(error);
      if (refusal.sessionEnded) return this.become("ended");
      if (refusal.code === "draining") this.draining.value = true;
      return this.onLost(refusal.retryAfterMs ?? 0);
    }
    if (generation !== this.generation || this.state.value !== "connecting") return;
    const socket = (this.socket = new WebSocket(`${this.url}?ticket=${encodeURIComponent(ticket)}`));
    socket.onopen = () => this.onOpen(socket);
    socket.onclose = () => this.onClosed(socket);
    socket.onmessage = ({ data }) => this.onFrame(socket, String(data));
  }

  private onOpen(socket: WebSocket): void {
    if (socket !== this.socket) return socket.close();
    this.become("connected");
    this.lifeTimer = setTimeout(() => this.renew(), LIFETIME_MS * (1 + Math.random() * 0.04));
    this.ping(); // the first thing that is asked brings the hello
  }

  private onClosed(socket: WebSocket): void {
    if (socket !== this.socket) return;
    this.drop();
    this.onLost();
  }

  private onFrame(socket: WebSocket, text: string): void {
    if (socket !== this.socket) return;
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return;
    }
    // What AWS itself says has no event: it could not bring a request to the server. It does not say which.
    if (frame.event === undefined) return this.fail([...this.pending.keys()][0], NO_ANSWER);
    this.attempt = 0;
    if (frame.event === "ack") return this.onAnswer(frame);
    this.onTold([frame.event, frame.data] as Told);
  }

  private onAnswer(frame: Frame): void {
    const pending = this.pending.get(frame.request_id ?? "");
    if (!pending) return;
    this.pending.delete(frame.request_id!);
    clearTimeout(pending.timer);
    pending.settle(frame);
  }

  private onTold(told: Told): void {
    const [event, payload] = told;
    if (event === "goodbye") {
      this.goodbyeMs = payload.reconnect_after_ms;
      this.draining.value = true;
    }
    this.told.push(told);
  }

  private tell(told: Told): void {
    for (const listener of this.listeners) listener(...told);
  }

  private ping(): void {
    clearTimeout(this.pingTimer);
    const pause = typeof document !== "undefined" && document.hidden ? HIDDEN_PING_MS : PING_MS;
    this.pingTimer = setTimeout(() => this.ping(), pause * (0.9 + Math.random() * 0.2));
    this.request("ping", {}).then(
      ({ heads }) => Object.keys(heads).length && this.onTold(["heads", heads] as Told),
      (refusal: unknown) => asRefusal(refusal).code === NO_ANSWER && this.restart(),
    );
  }

  /** Before AWS ends it in the middle of something: a new connection, at once. */
  private renew(): void {
    this.drop();
    this.become("waiting");
    this.connect();
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    this.generation++;
    clearTimeout(this.pingTimer);
    clearTimeout(this.lifeTimer);
    for (const requestId of [...this.pending.keys()]) this.fail(requestId, NO_ANSWER);
    socket?.close();
  }

  private fail(requestId: string | undefined, code: string): void {
    const pending = requestId === undefined ? undefined : this.pending.get(requestId);
    if (!pending) return;
    this.pending.delete(requestId!);
    clearTimeout(pending.timer);
    pending.fail(new Refusal({ code, message: texts.errors.noAnswer, retryable: true }));
  }

  private onLost(atLeastMs = 0): void {
    if (this.state.value === "idle" || this.state.value === "ended") return;
    this.become("waiting");
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

const offline = () => new Refusal({ code: OFFLINE, message: texts.errors.offline, retryable: true });
