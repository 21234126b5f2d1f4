// What is written arrives once, in order, whatever happens to answers, connections and tabs.
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Outbox, type Post } from "../../src/outbox/outbox";
import { MemoryShelf, openShelf, type Shelf } from "../../src/outbox/shelf";
import type { Tabs } from "../../src/outbox/tabs";
import { NO_ANSWER, OFFLINE, Refusal } from "../../src/transport/refusal";
import type { Message, MessageAnswer } from "../../src/wire";
import { message } from "../support/rows";

declare const setImmediate: (then: (_: unknown) => void) => void;

const refusal = (code: string, retryable = false, retry_after_ms: number | null = null) =>
  new Refusal({ code, message: `No: ${code}`, retryable, retry_after_ms });

/** Several tabs of one browser: one works under a name at a time, all hear each other. */
class Browser {
  private readonly turns = new Map<string, Promise<void>>();
  private readonly listeners: ((news: unknown) => void)[] = [];

  tab(): Tabs {
    const mine: ((news: unknown) => void)[] = [];
    return {
      alone: (name, work) => {
        const turn = (this.turns.get(name) ?? Promise.resolve()).then(work, work);
        this.turns.set(name, turn);
        return turn;
      },
      tell: (news) => this.listeners.filter((listener) => !mine.includes(listener)).forEach((listener) => queueMicrotask(() => listener(news))),
      hear: (listener) => (mine.push(listener), this.listeners.push(listener)),
      close() {},
    };
  }
}

/** A server that keeps what it takes, and answers as it is told to. */
class FakeServer implements Post {
  me = "ana";
  up = true;
  taken: { text: string; id: string; channel: string }[] = [];
  asked: string[] = [];
  script: ((payload: any) => "take" | "take, lose the answer" | Refusal)[] = [];
  delivered = vi.fn((_: Message) => {});
  sessionEnded = vi.fn();
  silent = vi.fn();
  alreadySo = () => false;
  connected = () => this.up;

  async request(action: string, payload: any): Promise<MessageAnswer> {
    if (!this.up) throw refusal(OFFLINE, true);
    this.asked.push(payload.text ?? action);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const what = this.script.shift()?.(payload) ?? "take";
    if (what instanceof Refusal) throw what;
    const id = payload.client_msg_id;
    const duplicate = this.taken.some((message) => message.id === id);
    if (!duplicate) this.taken.push({ text: payload.text, id, channel: payload.channel_id });
    if (what === "take, lose the answer") throw refusal(NO_ANSWER, true);
    return { message: { ...message(1), client_msg_id: id }, seq: 1, duplicate };
  }
}

let server: FakeServer;
let shelf: Shelf;
let outbox: Outbox;
const texts = () => server.taken.map((message) => message.text);
const settle = () => vi.advanceTimersByTimeAsync(60_000);

beforeEach(() => {
  // IndexedDB's turns are real ones.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  server = new FakeServer();
  shelf = new MemoryShelf();
  outbox = new Outbox(shelf, new Browser().tab(), server);
});
afterEach(() => void vi.useRealTimers());

describe("sending", () => {
  test("shows a message at once and lets it go when it is acked", async () => {
    void outbox.send("town", "hello");
    expect(outbox.items.value).toMatchObject([{ state: "queued", payload: { text: "hello" } }]);
    await settle();
    expect(texts()).toEqual(["hello"]);
    expect(outbox.items.value).toEqual([]);
    expect(await shelf.all()).toEqual([]);
    expect(server.delivered).toHaveBeenCalledOnce();
  });

  test("keeps the order of a channel, one at a time", async () => {
    for (const text of ["1", "2", "3"]) void outbox.send("town", text);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.asked).toEqual(["1"]);
    await settle();
    expect(texts()).toEqual(["1", "2", "3"]);
  });

  test("waits while there is no connection, and goes on when there is", async () => {
    server.up = false;
    void outbox.send("town", "later");
    await settle();
    expect(texts()).toEqual([]);
    server.up = true;
    outbox.ready();
    await settle();
    expect(texts()).toEqual(["later"]);
  });

  test("repeats under the same id when the answer was lost: the server takes it once", async () => {
    server.script = [() => "take, lose the answer"];
    void outbox.send("town", "once");
    void outbox.send("town", "then");
    await settle();
    expect(server.asked).toEqual(["once", "once", "then"]);
    expect(texts()).toEqual(["once", "then"]);
  });

  test("asks for a new connection when one answers nothing", async () => {
    server.script = [() => refusal(NO_ANSWER, true), () => refusal(NO_ANSWER, true)];
    void outbox.send("town", "anyone?");
    await settle();
    expect(server.silent).toHaveBeenCalled();
    expect(texts()).toEqual(["anyone?"]);
  });

  test("lets go of a message that is seen to have arrived", async () => {
    server.up = false;
    void outbox.send("town", "made it");
    const { id } = outbox.items.value[0]!;
    outbox.arrived([{ ...message(4), user_id: "bo", client_msg_id: id }]);
    expect(outbox.items.value).toHaveLength(1);
    outbox.arrived([{ ...message(4), user_id: "ana", client_msg_id: id }]);
    expect(outbox.items.value).toEqual([]);
    server.up = true;
    outbox.ready();
    await settle();
    expect(server.asked).toEqual([]);
  });
});

describe("refusals", () => {
  test("set a message aside with the reason, and the next goes on", async () => {
    server.script = [() => refusal("not_in_channel")];
    void outbox.send("town", "refused");
    void outbox.send("town", "fine");
    await settle();
    expect(texts()).toEqual(["fine"]);
    expect(outbox.items.value).toMatchObject([{ state: "failed", error: { code: "not_in_channel", message: "No: not_in_channel" } }]);
  });

  test("never hold up another channel", async () => {
    server.script = Array(4).fill((payload: any) => (payload.channel_id === "town" ? refusal("unavailable", true) : "take"));
    void outbox.send("town", "slow");
    void outbox.send("garden", "quick");
    await vi.advanceTimersByTimeAsync(50);
    expect(texts()).toEqual(["quick"]);
  });

  test("that may pass are tried five times in all, after the time that was asked for", async () => {
    server.script = Array(5).fill(() => refusal("unavailable", true, 2_000));
    void outbox.send("town", "too much to do");
    await vi.advanceTimersByTimeAsync(1_900);
    expect(server.asked).toHaveLength(1);
    await settle();
    expect(server.asked).toHaveLength(5);
    expect(outbox.items.value).toMatchObject([{ state: "failed", error: { code: "unavailable" } }]);
  });

  test.each(["draining", "rate_limited"])("that say %s count for nothing, however often they come", async (code) => {
    server.script = Array(8).fill(() => refusal(code, true, 1_000));
    void outbox.send("town", "not yet");
    await settle();
    await settle();
    expect(texts()).toEqual(["not yet"]);
    expect(outbox.items.value).toEqual([]);
  });

  test("can be tried again under the same id, or discarded", async () => {
    server.script = [() => refusal("read_only_channel"), () => refusal("read_only_channel")];
    void outbox.send("town", "one");
    void outbox.send("town", "two");
    await settle();
    const [one, two] = outbox.items.value;
    void outbox.retry(one!.id);
    void outbox.discard(two!.id);
    await settle();
    expect(server.taken).toMatchObject([{ text: "one", id: one!.id }]);
    expect(outbox.items.value).toEqual([]);
  });

  test("of an ended session keep everything and ask to sign in", async () => {
    server.script = [() => refusal("session_expired")];
    void outbox.send("town", "keep me");
    await settle();
    expect(server.sessionEnded).toHaveBeenCalledOnce();
    expect(outbox.items.value).toMatchObject([{ state: "queued" }]);
  });
});

describe("pages come and go", () => {
  test("a new page sends what an earlier one left, in its order and once", async () => {
    server.up = false;
    const first = new Outbox(await openShelf("reload"), new Browser().tab(), server);
    await Promise.all(["1", "2", "3"].map((text) => first.send("town", text)));
    server.up = true;
    const second = new Outbox(await openShelf("reload"), new Browser().tab(), server);
    await second.load();
    expect(second.items.value.map((item) => item.payload.text)).toEqual(["1", "2", "3"]);
    while (second.items.value.length) {
      await vi.advanceTimersByTimeAsync(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(texts()).toEqual(["1", "2", "3"]);
    expect(second.items.value).toEqual([]);
  });

  test("two tabs send each message once, and both stop showing it", async () => {
    const browser = new Browser();
    const [one, two] = [new Outbox(shelf, browser.tab(), server), new Outbox(shelf, browser.tab(), server)];
    server.up = false;
    await Promise.all([one.send("town", "a"), two.send("town", "b"), one.send("town", "c")]);
    await settle();
    expect(two.items.value.map((item) => item.payload.text)).toEqual(["a", "b", "c"]);
    server.up = true;
    one.ready();
    two.ready();
    await settle();
    expect(texts()).toEqual(["a", "b", "c"]);
    expect(server.asked).toHaveLength(3);
    expect([one.items.value, two.items.value]).toEqual([[], []]);
  });
});
