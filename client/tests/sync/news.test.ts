// What was just said is news; what a client only catches up on is not.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Store } from "../../src/state/store";
import { Sync } from "../../src/sync/sync";
import type { Activity, Message } from "../../src/wire";
import { Random } from "../support/random";
import { FakeRest, FakeTransport, Server, person } from "../support/server";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function start() {
  const server = new Server();
  const [town, garden] = [server.channel("town"), server.channel("garden")];
  const transport = new FakeTransport(server);
  const store = new Store();
  store.signIn(person("ana"));
  const sync = new Sync(store, transport, new FakeRest(server));
  const news: string[] = [];
  sync.listener.news = (told: Message | Activity) => void news.push(`${told.channel_id} ${told.seq}`);
  sync.start();
  sync.open(town);
  const rest = async () => {
    for (let i = 0; i < 20; i++) {
      await vi.advanceTimersByTimeAsync(100);
      while (server.frames.length || server.pages.length) {
        server.step(new Random(1), false);
        server.pages.splice(0, 1)[0]?.();
        await vi.advanceTimersByTimeAsync(0);
      }
    }
  };
  await rest();
  return { server, transport, town, garden, news, rest };
}

const key = ({ channel_id, seq }: Message) => `${channel_id} ${seq}`;

it("is news in the open channel and in others, once", async () => {
  const { server, town, garden, news, rest } = await start();
  const here = server.post(town, "bo", "here");
  const there = server.post(garden, "bo", "there");
  await rest();
  expect(news).toEqual([key(here), key(there)]);
});

it("is no news when a message changes", async () => {
  const { server, town, garden, news, rest } = await start();
  const said = [server.post(town, "bo", "here"), server.post(garden, "bo", "there")];
  await rest();
  for (const message of said) server.change(message, { text: "changed", rev: 2 });
  server.change(said[0]!, { reactions: [{ emoji: "👍", count: 1, user_ids: ["cy"] }] });
  await rest();
  expect(news).toEqual(said.map(key));
});

it("is no news when one comes back and catches up", async () => {
  const { server, transport, town, garden, news, rest } = await start();
  transport.cut();
  server.post(town, "bo", "here, meanwhile");
  server.post(garden, "bo", "there, meanwhile");
  await rest();
  const live = server.post(town, "bo", "live again");
  await rest();
  expect(news).toEqual([key(live)]);
});

it("is no news when what was lost is asked for, nor when the lost comes late", async () => {
  const { server, town, news, rest } = await start();
  server.post(town, "bo", "lost");
  const late = server.frames.pop()!;
  const next = server.post(town, "bo", "heard");
  await rest();
  late.deliver();
  await rest();
  expect(news).toEqual([key(next)]);
});
