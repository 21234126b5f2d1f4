// What is being typed, and in which order it is offered.
import { describe, expect, test } from "vitest";
import { rank, tokenAt } from "../../src/lib/complete";

/** "|" is the caret. */
const at = (text: string) => {
  const token = tokenAt(text.replace("|", ""), text.indexOf("|"));
  return token && `${token.sign}${token.query} ${token.from}-${token.to}`;
};

describe("what is being typed", () => {
  test.each([
    ["@|", "@ 0-1"],
    ["hi @an|", "@an 3-6"],
    ["(@An|)", "@an 1-4"],
    ["a @bo| c", "@bo 2-5"],
    ["@ana.maria|", "@ana.maria 0-10"],
    ["@zoë|", "@zoë 0-4"],
    ["see #to|", "#to 4-7"],
    ["#|", "# 0-1"],
    [":ta|", ":ta 0-3"],
    ["well :+1|", ":+1 5-8"],
    ["```\ncode\n``` @b|", "@b 13-15"],
    ["`a` @b|", "@b 4-6"],
    ["it`s\n@b|", "@b 5-7"],
  ])("%j", (text, token) => expect(at(text)).toBe(token));

  test.each(["mail x@bo|", "/@bo|", "@a|b", "@bo |", "C#|", "##|", "a/#b|", "&#12|", ":t|", "10:30|", "a::bc|", "http://ab|", ":-)|", "`@bo|", "```\n@bo|", "```js\n#inc|"])(
    "nothing in %j",
    (text) => expect(at(text)).toBeNull(),
  );
});

describe("order", () => {
  const candidates = (near: string[], far: string[] = []) =>
    [...near, ...far].map((words, n) => ({ value: words.split("|")[0]!, words: words.split("|"), near: n < near.length }));
  test.each<[string, string[], string[], string[]]>([
    ["an", ["joan|joan", "ana|ana"], [], ["ana", "joan"]],
    ["an", ["joan"], ["ana"], ["ana", "joan"]],
    ["an", ["andy"], ["ana"], ["andy", "ana"]],
    ["ana", ["ana.maria", "ana"], [], ["ana", "ana.maria"]],
    ["di", ["dora|dora diaz", "bo|bo"], [], ["dora"]],
    ["dora d", ["dd|dora diaz"], [], ["dd"]],
    ["hall", ["town-hall", "shallow"], [], ["town-hall", "shallow"]],
    ["12", ["release-2012", "12-angry"], [], ["12-angry"]],
    ["", ["b", "a"], [], ["b", "a"]],
    ["x", ["fax"], [], []],
  ])("%j among %j and %j", (query, near, far, order) => expect(rank(candidates(near, far), query, 9)).toEqual(order));
});
