// The small tools.
import { describe, expect, test } from "vitest";
import { backoff } from "../../src/lib/backoff";
import { localPath, messagePath, parse, threadPath } from "../../src/lib/paths";
import { uuid } from "../../src/lib/uuid";
import { dataOf } from "../../src/transport/refusal";

describe("paths", () => {
  test.each([
    ["/", { name: "home" }],
    ["/c/01ABC", { name: "channel", id: "01ABC" }],
    ["/browse", { name: "browse" }],
    ["/invite/secret", { name: "sign-up", invite: "secret" }],
    ["/sign-up", { name: "sign-up", invite: null }],
    ["/c/a/b", { name: "unknown" }],
    ["/nowhere", { name: "unknown" }],
    ["/c/%E0%A4%A", { name: "channel", id: "%E0%A4%A" }],
  ])("%s", (path, route) => expect(parse(path)).toEqual(route));

  test.each(["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example", "", null])(
    "nobody is sent to %j",
    (next) => expect(localPath(next)).toBe("/"),
  );

  test("a path of this site is fine", () => expect(localPath("/c/01ABC?x=1")).toBe("/c/01ABC?x=1"));
});

test("backoff grows from 0.3 to 30 seconds, anywhere below", () => {
  expect(backoff(0, () => 1)).toBe(300);
  expect(backoff(3, () => 1)).toBe(2_400);
  expect(backoff(50, () => 1)).toBe(30_000);
  expect(backoff(50, () => 0)).toBe(0);
});

test("ids are UUIDs that begin with the time", () => {
  expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const [before, id, after] = [Date.now(), uuid(), Date.now()];
  const moment = parseInt(id.replaceAll("-", "").slice(0, 12), 16);
  expect(moment).toBeGreaterThanOrEqual(before);
  expect(moment).toBeLessThanOrEqual(after);
  expect(uuid().slice(13)).not.toBe(uuid().slice(13));
});

describe("answers", () => {
  test("only a plain ok is a success", () => {
    expect(dataOf({ ok: true, data: { a: 1 } })).toEqual({ a: 1 });
    for (const answer of [undefined, null, [], {}, "ok", { ok: 1 }, { data: {} }]) expect(() => dataOf(answer)).toThrow();
  });

  test("a refusal says what the server said", () => {
    const error = { code: "rate_limited", message: "Too fast.", retryable: true, retry_after_ms: 500, field: null };
    expect(() => dataOf({ ok: false, error })).toThrow(expect.objectContaining({ code: "rate_limited", retryable: true, retryAfterMs: 500 }));
  });
});

describe("addresses inside a channel", () => {
  test("name a message, a thread, or a message of a thread", () => {
    expect(parse(messagePath("c/1", "m1"))).toEqual({ name: "channel", id: "c/1", message: "m1" });
    expect(parse(threadPath("c1", "t1"))).toEqual({ name: "channel", id: "c1", thread: "t1" });
    expect(parse(threadPath("c1", "t1", "m2"))).toEqual({ name: "channel", id: "c1", thread: "t1", message: "m2" });
  });

  test("that name nothing lead nowhere", () => {
    for (const path of ["/c/c1/x/y", "/c/c1/m", "/c/c1/m/", "/c/c1/m/a/b", "/c/c1/t/a/m", "/c/c1/t/a/b/c", "/c/c1/t/a/m/b/c"])
      expect(parse(path), path).toEqual({ name: "unknown" });
  });
});
