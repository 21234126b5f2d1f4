import { describe, expect, it } from "vitest";
import { rank } from "../../src/lib/rank";

const item = (names: string | string[], more: { attention?: number; visited?: number } = {}) => ({
  names: [names].flat(),
  attention: 0,
  visited: 0,
  ...more,
});

const found = (search: string, items: ReturnType<typeof item>[]) => rank(search, items, 10).map(({ names }) => names[0]);

describe("finding by a few letters", () => {
  it("puts the whole name first, then beginnings, beginnings of words, what contains it, scattered letters", () => {
    const items = ["toxic wardrobe nook", "uptown", "old-town", "town hall", "town"].map((name) => item(name));
    expect(found("town", items)).toEqual(["town", "town hall", "old-town", "uptown", "toxic wardrobe nook"]);
  });

  it("leaves out what does not fit", () => {
    expect(found("gate", [item("town"), item("garden gate"), item("age")])).toEqual(["garden gate"]);
  });

  it("asks every word to fit, in any order", () => {
    expect(found("diaz do", [item("Dora Diaz"), item("Dora Lee"), item("Diaz")])).toEqual(["Dora Diaz"]);
  });

  it("knows no accents and no capitals", () => {
    expect(found("zoe", [item("Zoë Åberg")])).toEqual(["Zoë Åberg"]);
    expect(found("ÅB", [item("zoe aberg")])).toEqual(["zoe aberg"]);
  });

  it("finds people by their other names, a little behind", () => {
    expect(found("bo", [item(["Robert", "bo"]), item(["Bo", "bo2"])])).toEqual(["Bo", "Robert"]);
  });

  it("does not scatter a single letter", () => {
    expect(found("z", [item("town")])).toEqual([]);
  });

  it("among equals puts what is unread first, then where one was lately, then the alphabet", () => {
    const items = [item("room 10"), item("room 2"), item("room 7", { visited: 5 }), item("room 9", { attention: 1 }), item("room 8", { attention: 2 })];
    expect(found("room", items)).toEqual(["room 8", "room 9", "room 7", "room 2", "room 10"]);
  });

  it("shows what is unread and where one was lately while nothing is typed", () => {
    const items = [item("a"), item("b", { visited: 1 }), item("c", { visited: 2 }), item("d", { attention: 1 })];
    expect(found(" ", items)).toEqual(["d", "c", "b", "a"]);
    expect(rank("", items, 2)).toHaveLength(2);
  });
});
