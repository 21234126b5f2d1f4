// The shape of the client: who may know the library, and who may change what is held.
import { expect, test } from "vitest";

const files = import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
const sources = Object.entries(files).map(([path, text]) => ({ name: path.replace("../src/", ""), text }));

const having = (pattern: RegExp): string[] => sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

test("one module knows socket.io-client", () => {
  expect(having(/from "socket\.io-client"/)).toEqual(["transport/socketio.ts"]);
});

test("one place holds what the server told, and only it is changed", () => {
  expect(having(/\bworld\.value\s*=[^=]/)).toEqual(["state/store.ts"]);
});

test("what is seen asks the app, not the connection", () => {
  const ui = having(/from "(?:\.\.\/)+(transport\/socketio|outbox\/outbox|sync\/sync)"/).filter((name) => name.startsWith("ui/"));
  expect(ui).toEqual([]);
});

test("every file says what it is for in its first line", () => {
  expect(sources.filter(({ text }) => !text.startsWith("// ")).map(({ name }) => name)).toEqual([]);
});
