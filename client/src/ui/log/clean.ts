// The last gate before the page: only the elements and attributes that a message needs, with the values they may have.
import DOMPurify from "dompurify";
import { ADDRESS, LANGUAGE, REL } from "../../lib/markdown";

const TAGS = ["p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"];
/** The page of a channel, and nothing else here. */
const CHANNEL = /^\/c\/[\w%.~-]+$/;
const LINK = new RegExp(`${ADDRESS.source}|${CHANNEL.source}`, "i");
// What the highlighter calls the parts of code: "hljs-title function_".
const PART = "hljs-[a-z]+(?:[-_][a-z]+)*(?: [a-z]+_{1,3})*|language-[a-z]+";
const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  a: { href: LINK, target: /^_blank$/, rel: new RegExp(`^${REL}$`), title: /./, "data-route": /^$/ },
  ol: { start: /^\d{1,9}$/ },
  pre: { "data-language": LANGUAGE },
  span: { class: new RegExp(`^(?:mention(?: mention--me)?|emoji|${PART})$`), title: /^:[^\s"<>]+:$/ },
};

const purify = DOMPurify(window);

purify.addHook("uponSanitizeAttribute", (element, attribute) => {
  const allowed = ATTRIBUTES[element.localName]?.[attribute.attrName];
  attribute.keepAttr = allowed?.test(attribute.attrValue) ?? false;
});

// A link leads to a channel within this page, or elsewhere in a page of its own; nothing is both, or neither.
purify.addHook("afterSanitizeAttributes", (element) => {
  if (element.localName !== "a") return;
  const within = CHANNEL.test(element.getAttribute("href") ?? "");
  if (element.hasAttribute("data-route") !== within || element.hasAttribute("target") === within) element.removeAttribute("href");
});

export function clean(html: string): string {
  return purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: Object.values(ATTRIBUTES).flatMap(Object.keys),
    ALLOWED_URI_REGEXP: LINK,
    // DOMPurify takes every value for an address that it does not know to be none.
    ADD_URI_SAFE_ATTR: ["target", "rel", "start", "data-route", "data-language"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}
