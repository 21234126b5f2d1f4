// REST as the client asks it: what is only read may take its time, what is done is done once.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../src/api";

const tooFast = () => answer(429, { error: { code: "rate_limited", message: "Too fast.", retryable: true, retry_after_ms: 1_500 } });
const answer = (status: number, body: object) => ({ ok: status < 400, status, json: async () => body });
let asked: [path: string, init: RequestInit][];
let answers: object[];

beforeEach(() => {
  vi.useFakeTimers();
  [asked, answers] = [[], []];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push([path, init]);
    return answers.shift() ?? answer(200, { seq: 7 });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a page that is asked for too fast comes when the server said it would", async () => {
  answers = [tooFast(), tooFast()];
  const page = new Api().get("/channels/town/messages");
  await vi.advanceTimersByTimeAsync(1_499);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_501);
  expect(asked).toHaveLength(3);
  expect(await page).toEqual({ seq: 7 });
});

test("a server that says so for ever is believed in the end", async () => {
  answers = Array.from({ length: 9 }, tooFast);
  const refused = expect(new Api().get("/channels")).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 1_500 });
  await vi.advanceTimersByTimeAsync(60_000);
  await refused;
  expect(asked).toHaveLength(5);
});

test("nothing is done twice, and other refusals are not asked again", async () => {
  answers = [tooFast(), answer(404, { error: { code: "channel_not_found", message: "" } })];
  await expect(new Api().send("POST", "/channels", {})).rejects.toMatchObject({ code: "rate_limited" });
  await expect(new Api().get("/channels/x")).rejects.toMatchObject({ code: "channel_not_found" });
  expect(asked).toHaveLength(2);
});

test("from elsewhere than a page, another server is asked, with a token", async () => {
  await new Api("http://127.0.0.1:5000", "parley_abc").get("/users/me");
  expect(asked).toMatchObject([["http://127.0.0.1:5000/api/v1/users/me", { headers: { Authorization: "Bearer parley_abc" } }]]);
  await new Api().get("/users/me");
  expect(asked[1]![0]).toBe("/api/v1/users/me");
  expect(asked[1]![1].headers).not.toHaveProperty("Authorization");
});
