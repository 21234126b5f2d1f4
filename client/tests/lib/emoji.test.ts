// Emoji: found by what people type, and read from short names.
import { describe, expect, test } from "vitest";
import { readCodes } from "../../src/lib/emoji";
import { book } from "../../src/lib/emojidata";

const found = (query: string, recent: string[] = []) => book.find(query, recent, 5).map(({ text }) => text);

test("each is there once, is written as everyone writes it, and has a name and a code", () => {
  const texts = book.all.map(({ text }) => text);
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.length).toBeGreaterThan(1_800);
  expect(texts).toEqual(expect.arrayContaining(["👍", "❤️", "✅", "🏳️‍🌈", "🇪🇺", "#️⃣"]));
  expect(texts).not.toContain("🇪");
  for (const emoji of book.all) expect(emoji.name && emoji.codes.length).toBeTruthy();
});

describe("finding", () => {
  test.each([
    ["tada", "🎉"],
    ["+1", "👍"],
    ["ta", "🌮"],
    ["thumbs", "👍"],
    ["birthday", "🎂"],
    ["white_check", "✅"],
    ["red heart", "❤️"],
    ["ROCKET", "🚀"],
    ["rainbow flag", "🏳️‍🌈"],
  ])("%s", (query, text) => expect(found(query)).toContain(text));

  test("what is called so comes before what begins so, and that before what only has it", () => {
    expect(found("heart")[0]).toBe("❤️");
    expect(found("cat")[0]).toBe("🐱");
    expect(found("smil")[0]).toBe("😄");
    expect(found("hea")[0]).toBe("❤️");
  });

  test("of what fits equally, what was used lately comes first", () => {
    expect(found("smile")[0]).toBe("😄");
    expect(found("smil", ["🎉", "😸"])[0]).toBe("😸");
    expect(found("wa", ["👋🏽"])[0]).toBe("👋");
  });

  test.each(["", "  ", ":", "qqqq", "zx"])("%j finds nothing", (query) => expect(found(query)).toEqual([]));
});

test("short names become emoji, with their skin tones", () => {
  const read = (run: string) => readCodes(run, (code) => book.byCode(code)).map(({ code, text }) => text ?? code).join("");
  expect(read(":tada::+1:")).toBe("🎉👍");
  expect(read(":wave::skin-tone-2::wave:")).toBe("👋🏻👋");
  expect(read(":our-own::TADA:")).toBe(":our-own:🎉");
  expect(read(":tada::our-own:")).toBe("🎉:our-own:");
});
