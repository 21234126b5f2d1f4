// The addresses of the app, and which of them it may be sent to.

export type Route =
  | { name: "home" }
  | { name: "channel"; id: string; thread?: string; message?: string }
  | { name: "browse" }
  | { name: "people" }
  | { name: "sign-in" }
  | { name: "sign-up"; invite: string | null }
  | { name: "unknown" };

export function parse(path: string): Route {
  const [, first = "", second = "", ...rest] = path.split("/");
  if (first === "c" && second && rest.length) return inChannel(decode(second), rest);
  if (rest.length) return { name: "unknown" };
  if (!first) return { name: "home" };
  if (first === "c" && second) return { name: "channel", id: decode(second) };
  if (first === "invite" && second) return { name: "sign-up", invite: decode(second) };
  if (second) return { name: "unknown" };
  if (first === "browse" || first === "people" || first === "sign-in") return { name: first };
  if (first === "sign-up") return { name: "sign-up", invite: null };
  return { name: "unknown" };
}

/** /c/<channel>/t/<thread> and /c/<channel>/m/<message>, also a message of a thread: /c/<channel>/t/<thread>/m/<message>. */
function inChannel(id: string, rest: string[]): Route {
  const [kind, what = "", ...more] = rest;
  if (!what || (kind !== "t" && kind !== "m")) return { name: "unknown" };
  if (kind === "m") return more.length ? { name: "unknown" } : { name: "channel", id, message: decode(what) };
  const [m, message = "", ...beyond] = more;
  if (!more.length) return { name: "channel", id, thread: decode(what) };
  return m === "m" && message && !beyond.length ? { name: "channel", id, thread: decode(what), message: decode(message) } : { name: "unknown" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const channelPath = (id: string): string => `/c/${encodeURIComponent(id)}`;
export const messagePath = (id: string, message: string): string => `${channelPath(id)}/m/${encodeURIComponent(message)}`;
export const threadPath = (id: string, thread: string, message?: string): string =>
  `${channelPath(id)}/t/${encodeURIComponent(thread)}${message ? `/m/${encodeURIComponent(message)}` : ""}`;

/** Where to go after signing in: a path of this site, or home. "//host", "/\host" and whole addresses lead elsewhere. */
export function localPath(next: string | null): string {
  if (!next || !/^\/(?![/\\])/.test(next) || /[\\\x00-\x1f]/.test(next)) return "/";
  return next;
}
