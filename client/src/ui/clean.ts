// The last gate before the page: only the elements and attributes that a message needs, with the values they may have.
import DOMPurify from "dompurify";
import { ADDRESS, REL } from "../lib/markdown";

const TAGS = ["p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"];
const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  a: { href: ADDRESS, target: /^_blank$/, rel: new RegExp(`^${REL}$`), title: /./ },
  ol: { start: /^\d{1,9}$/ },
  span: { class: /^mention(?: mention--me)?$/ },
};

const purify = DOMPurify(window);

purify.addHook("uponSanitizeAttribute", (element, attribute) => {
  const allowed = ATTRIBUTES[element.localName]?.[attribute.attrName];
  attribute.keepAttr = allowed?.test(attribute.attrValue) ?? false;
});

export function clean(html: string): string {
  return purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: Object.values(ATTRIBUTES).flatMap(Object.keys),
    ALLOWED_URI_REGEXP: ADDRESS,
    // DOMPurify takes every value for an address that it does not know to be none.
    ADD_URI_SAFE_ATTR: ["target", "rel", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}
