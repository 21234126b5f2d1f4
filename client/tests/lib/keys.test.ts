import { expect, it } from "vitest";
import { keyNames, pressed } from "../../src/lib/keys";

const press = (key: string, ...held: ("ctrlKey" | "metaKey" | "altKey" | "shiftKey")[]) => ({
  key,
  ctrlKey: held.includes("ctrlKey"),
  metaKey: held.includes("metaKey"),
  altKey: held.includes("altKey"),
  shiftKey: held.includes("shiftKey"),
});

it("writes what was pressed as the table has it", () => {
  expect(pressed(press("k", "ctrlKey"), false)).toBe("mod+k");
  expect(pressed(press("K", "ctrlKey", "shiftKey"), false)).toBe("mod+shift+k");
  expect(pressed(press("ArrowDown", "altKey", "shiftKey"), false)).toBe("alt+shift+arrowdown");
  expect(pressed(press("Escape", "shiftKey"), false)).toBe("shift+escape");
});

it("takes the command key on a Mac and the control key elsewhere, and does not mix them up", () => {
  expect(pressed(press("k", "metaKey"), true)).toBe("mod+k");
  expect(pressed(press("k", "ctrlKey"), true)).not.toBe("mod+k");
  expect(pressed(press("k", "metaKey"), false)).not.toBe("mod+k");
});

it("knows signs by themselves, whatever keys they need on a keyboard", () => {
  expect(pressed(press("?", "shiftKey"), false)).toBe("?");
  expect(pressed(press("?"), false)).toBe("?");
  expect(pressed(press("/", "ctrlKey", "shiftKey"), false)).toBe("mod+/");
});

it("names keys as the keyboard does", () => {
  expect(keyNames("mod+shift+k", false)).toEqual(["Ctrl", "Shift", "K"]);
  expect(keyNames("mod+shift+k", true)).toEqual(["⌘", "⇧", "K"]);
  expect(keyNames("alt+arrowup", false)).toEqual(["Alt", "↑"]);
});
