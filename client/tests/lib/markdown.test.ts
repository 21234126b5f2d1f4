// What a message's text becomes, before the browser cleans it once more.
import { describe, expect, test } from "vitest";
import { book } from "../../src/lib/emojidata";
import { fences } from "../../src/lib/fences";
import { highlight } from "../../src/lib/highlighter";
import { REL, toHtml } from "../../src/lib/markdown";
import { channelRefs } from "../../src/lib/mentions";
import { Recent } from "../../src/lib/recent";

const readers = { names: new Set(["bo", "ana.maria", "snake_case", "everyone"]), me: "bo" };
/** The HTML without what only separates blocks, and without what every link has. */
const made = (text: string) => toHtml(text, readers).replaceAll(` target="_blank" rel="${REL}"`, "").replace(/>\n(?=<)/g, ">").trimEnd();
const said = (text: string) => made(text).replace(/^<p>([^]*)<\/p>$/, "$1");
const link = (href: string, label = href) => `<a href="${href}">${label}</a>`;
const ME = '<span class="mention mention--me">@bo</span>';
const ANA = '<span class="mention">@ana.maria</span>';

describe("what people write", () => {
  test.each([
    ["plain", "plain"],
    ["**bold** and *slanted* and _slanted_", "<strong>bold</strong> and <em>slanted</em> and <em>slanted</em>"],
    ["~~gone~~", "<s>gone</s>"],
    ["`a *b* <c>`", "<code>a *b* &lt;c&gt;</code>"],
    ["```one line```", "<code>one line</code>"],
    ["snake_case_name 2*3*4", "snake_case_name 2<em>3</em>4"],
    [":tada: :+1:", ":tada: :+1:"],
    ["\\*not bold\\*", "*not bold*"],
    ["AT&T &lt; &copy;", "AT&amp;T &amp;lt; &amp;copy;"],
    ["<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"],
    ["<!-- seen -->", "&lt;!-- seen --&gt;"],
    ["# no heading", "# no heading"],
    ["line\n===", "line\n==="],
    ["---", "---"],
    ["|a|b|\n|-|-|\n|1|2|", "|a|b|\n|-|-|\n|1|2|"],
    ["[a]: https://example.org", `[a]: ${link("https://example.org")}`],
    ["-", "-"],
    ["> ", "&gt; "],
    ["[](https://example.org)", "[](https://example.org)"],
    ["call[name]() and ![x]()", "call[name]() and ![x]()"],
  ])("%s", (text, html) => expect(said(text)).toBe(html));
});

describe("lines", () => {
  test.each([
    ["one\ntwo", "<p>one\ntwo</p>"],
    ["one  \ntwo\\\nthree", "<p>one  \ntwo\nthree</p>"],
    ["one\n\ntwo", "<p>one</p><p>two</p>"],
    ["if so:\n    deep   down", "<p>if so:\n    deep   down</p>"],
    ["    indented", "<p>indented</p>"],
    ["> asked\n> twice\nanswered", "<blockquote><p>asked\ntwice</p></blockquote><p>answered</p>"],
    ["look:\n- one\n- two\nthanks", "<p>look:</p><ul><li><p>one</p></li><li><p>two</p></li></ul><p>thanks</p>"],
    ["- one\n    - deep\n        - deeper\n- two", "<ul><li><p>one</p><ul><li><p>deep</p><ul><li><p>deeper</p></li></ul></li></ul></li><li><p>two</p></li></ul>"],
    ["3. third\n4. fourth", '<ol start="3"><li><p>third</p></li><li><p>fourth</p></li></ol>'],
    ["- one\n  goes on", "<ul><li><p>one\ngoes on</p></li></ul>"],
    ["> - listed\n> - twice", "<blockquote><ul><li><p>listed</p></li><li><p>twice</p></li></ul></blockquote>"],
  ])("%j", (text, html) => expect(made(text)).toBe(html));
});

describe("code", () => {
  test.each([
    ["```\na\n\n  b\n```", "```\na\n\n  b\n```"],
    ["```js\na\n```", "```js\na\n```"],
    ["```a\nb```", "```\na\nb\n```"],
    ["so: ```a\nb``` and on", "so: \n```\na\nb\n```\n and on"],
    ["```let a = 1;\nb\n```", "```\nlet a = 1;\nb\n```"],
    ["> ```\n> a\n> ```", "> ```\n> a\n> ```"],
    ["- ```\n  a\n  ```", "- ```\n  a\n  ```"],
    ["````\n```a\nb```\n````", "````\n```a\nb```\n````"],
    ["```one``` ```two```", "```one``` ```two```"],
    ["```\nnever closed", "```\nnever closed"],
  ])("%j stands on its own lines", (text, own) => expect(fences(text)).toBe(own));

  test("nothing in it means anything", () =>
    expect(made("```\n**a** @bo\n<b>\nhttps://example.org\n```")).toBe("<pre><code>**a** @bo\n&lt;b&gt;\nhttps://example.org\n</code></pre>"));

  test("what is never closed goes to the end", () => expect(made("```\na\n\nb")).toBe("<pre><code>a\n\nb</code></pre>"));
});

describe("links", () => {
  test.each([
    ["[label](https://example.org/a?b=1&c)", link("https://example.org/a?b=1&amp;c", "label")],
    ['[a](https://example.org "why")', '<a href="https://example.org" title="why">a</a>'],
    ["[\\[1\\] **b**](https://example.org/%28x%29)", link("https://example.org/%28x%29", "[1] <strong>b</strong>")],
    ["see https://example.org/a?b=1.", `see ${link("https://example.org/a?b=1")}.`],
    ["(https://example.org/a), really!", `(${link("https://example.org/a")}), really!`],
    ["https://example.org/a_(b)_c_", link("https://example.org/a_(b)_c_")],
    ["**https://example.org**", `<strong>${link("https://example.org")}</strong>`],
    ["HTTP://EXAMPLE.org", link("HTTP://EXAMPLE.org")],
    ["<https://example.org/a>", link("https://example.org/a")],
    ["https://example.org/%E2%82%AC", link("https://example.org/%E2%82%AC")],
    ["mail bo@bo.example now", `mail ${link("mailto:bo@bo.example", "bo@bo.example")} now`],
    ["[mail](mailto:bo@bo.example)", link("mailto:bo@bo.example", "mail")],
    ["main.py, README.md, example.org", "main.py, README.md, example.org"],
    ["![a cat](https://example.org/cat.png)", link("https://example.org/cat.png", "a cat")],
    ["hey! [a cat](https://example.org/cat.png)", `hey! ${link("https://example.org/cat.png", "a cat")}`],
  ])("%s", (text, html) => expect(said(text)).toBe(html));

  test("open elsewhere, and tell nothing", () =>
    expect(toHtml("https://example.org", readers)).toContain('target="_blank" rel="noopener noreferrer nofollow"'));

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "&#106;avascript:alert(1)",
    "javascript&colon;alert(1)",
    "<javascript:alert(1)>",
    "\u0001javascript:alert(1)",
    "data:text/html,x",
    "data:image/png;base64,AAAA",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://example.org",
    "blob:https://example.org/x",
    "//example.org",
    "/c/01ABC",
    "#top",
    "https&#58;//example.org",
    "",
  ])("%j leads nowhere else", (address) => {
    for (const text of [`[a](${address})`, `![a](${address})`, `<${address}>`, `[a](<${address}>)`, address])
      expect(toHtml(text, readers).match(/href="(?!https:\/\/example\.org)/)).toBeNull();
  });
});

describe("mentions", () => {
  test.each([
    ["hi @bo.", `hi ${ME}.`],
    ["@Bo", '<span class="mention mention--me">@Bo</span>'],
    ["@ana.maria and @nobody", `${ANA} and @nobody`],
    ["**@bo**, _@bo_", `<strong>${ME}</strong>, <em>${ME}</em>`],
    ["@snake_case @everyone!", '<span class="mention">@snake_case</span> <span class="mention">@everyone</span>!'],
    ["`@bo` @bo", `<code>@bo</code> ${ME}`],
    ["``` @bo ``` @bo", `<code>@bo</code> ${ME}`],
    ["mail x@bo /@bo é@bo", "mail x@bo /@bo é@bo"],
    ["[@bo](https://example.org)", link("https://example.org", "@bo")],
    ["https://example.org/@bo", link("https://example.org/@bo")],
  ])("%s", (text, html) => expect(said(text)).toBe(html));

  test("also in lists and quotes", () => expect(made("- @bo\n> @bo")).toBe(`<ul><li><p>${ME}</p></li></ul><blockquote><p>${ME}</p></blockquote>`));
});

describe("channels", () => {
  const channels = channelRefs(new Map([["town", "1"], ["town-hall", "2"], ["big town", "3"], ["c++ (old)", "4"], ["çay", "5"]]))!;
  const shown = (text: string) => toHtml(text, { ...readers, channels }).replaceAll(` target="_blank" rel="${REL}"`, "").replace(/^<p>([^]*)<\/p>\n$/, "$1");
  const to = (id: string, label: string) => `<a href="/c/${id}" data-route="">#${label}</a>`;
  test.each([
    ["see #town.", `see ${to("1", "town")}.`],
    ["#Town, #town-hall; (#big town)", `${to("1", "Town")}, ${to("2", "town-hall")}; (${to("3", "big town")})`],
    ["#c++ (old) #çay", `${to("4", "c++ (old)")} ${to("5", "çay")}`],
    ["**#town**", `<strong>${to("1", "town")}</strong>`],
    ["#towns #town-h #town.md #1 ##town a#town x/#town &#town", "#towns #town-h #town.md #1 ##town a#town x/#town &amp;#town"],
    ["`#town` [#town](https://example.org)", `<code>#town</code> ${link("https://example.org", "#town")}`],
    ["https://example.org/#town", link("https://example.org/#town")],
    ["@bo #town", `${ME} ${to("1", "town")}`],
  ])("%s", (text, html) => expect(shown(text)).toBe(html));

  test("an id is only an id", () => {
    const odd = channelRefs(new Map([["x", '"><img>/../']]));
    expect(toHtml("#x", { ...readers, channels: odd })).toBe('<p><a href="/c/%22%3E%3Cimg%3E%2F..%2F" data-route="">#x</a></p>\n');
  });

  test("without any, nothing is one", () => expect(channelRefs(new Map())).toBeUndefined());
});

describe("short names of emoji", () => {
  const emoji = (code: string) => book.byCode(code);
  const shown = (text: string) => toHtml(text, { ...readers, emoji }).replace(/<span class="emoji" title="([^"]*)">([^<]*)<\/span>/g, "{$1 $2}").replace(/^<p>([^]*)<\/p>\n$/, "$1");
  test.each([
    ["well :tada:", "well {:tada: 🎉}"],
    [":tada::+1:!", "{:tada: 🎉}{:+1: 👍}!"],
    [":wave::skin-tone-2:", "{:wave::skin-tone-2: 👋🏻}"],
    [":nope: `:tada:`", ":nope: <code>:tada:</code>"],
    ["10:30:45 std::key::size a:key:b :key", "10:30:45 std::key::size a:key:b :key"],
    ["https://example.org/:tada:", `<a href="https://example.org/:tada:" target="_blank" rel="${REL}">https://example.org/:tada:</a>`],
  ])("%s", (text, html) => expect(shown(text)).toBe(html));
});

describe("code in a language", () => {
  const shown = (text: string) => toHtml(text, { ...readers, highlight });
  test("is coloured", () => expect(shown("```js\nlet a = '<b>';\n```")).toMatch(/^<pre data-language="js"><code><span class="hljs-keyword">let<\/span> a = <span class="hljs-string">&#x27;&lt;b&gt;&#x27;/));
  test.each([
    ["```\nlet a;\n```", "<pre><code>let a;\n</code></pre>\n"],
    ["```klingon\nlet <a>;\n```", '<pre data-language="klingon"><code>let &lt;a&gt;;\n</code></pre>\n'],
    ['~~~js"onclick=x\nlet a;\n~~~', "<pre><code>let a;\n</code></pre>\n"],
  ])("%j is not", (text, html) => expect(shown(text)).toBe(html));
  test("too much is not", () => expect(shown("```js\n" + "let a;\n".repeat(4_000) + "```")).not.toContain("hljs"));
  test.each(["python", "ts", "sh", "yml", "html", "c++", "c#", "rs", "diff", "toml", "docker", "tsx", "jsx", "ps1", "console"])("%s is known", (name) => expect(highlight("a", name)).not.toBeNull());
});

test.each([
  "a ", "*", "**a", "_", "_a ", "[", "]", "[a](", "![", "![a](", "`", "``a`", "```\n", "```a\nb", ">", "> > ", "- ", "1. ", "-\n", "  - a\n", "~~", "~~a",
  "\\", "<", "<a", "&", "@", "@bo ", "@bo._-", "https://", "https://a.b ", "a@b.c ", "mailto:", "(((", "*_`[", "|", "\n", "[](", "[a](<b", "\t", "👩‍👩‍👧 ",
  "#", "#town", "#to ", ":", "::", ":a", ":tada:", ":tada::", "```js\n", "`#",
])("4,000 characters of %j are quick", (piece) => {
  const text = piece.repeat(4_000).slice(0, 4_000);
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    toHtml(text, { ...readers, channels: channelRefs(new Map([["town", "1"]])), emoji: (code) => book.byCode(code), highlight });
    return performance.now() - start;
  });
  expect(Math.min(...times)).toBeLessThan(500);
});

test("what was asked for lately is not made again", () => {
  const recent = new Recent<string>(2);
  const making: string[] = [];
  const ask = (key: string) => recent.get(key, () => (making.push(key), key.toUpperCase()));
  expect(["a", "b", "a", "c", "a", "b"].map(ask).join("")).toBe("ABACAB");
  expect(making.join("")).toBe("abcb");
});
