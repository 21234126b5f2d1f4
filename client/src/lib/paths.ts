// The addresses of the app, and which of them it may be sent to.

export type Route =
  | { name: "home" }
  | { name: "channel"; id: string }
  | { name: "browse" }
  | { name: "people" }
  | { name: "sign-in" }
  | { name: "sign-up"; invite: string | null }
  | { name: "unknown" };

export function parse(path: string): Route {
  const [, first = "", second = "", ...rest] = path.split("/");
  if (rest.length) return { name: "unknown" };
  if (!first) return { name: "home" };
  if (first === "c" && second) return { name: "channel", id: decode(second) };
  if (first === "invite" && second) return { name: "sign-up", invite: decode(second) };
  if (second) return { name: "unknown" };
  if (first === "browse" || first === "people" || first === "sign-in") return { name: first };
  if (first === "sign-up") return { name: "sign-up", invite: null };
  return { name: "unknown" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const channelPath = (id: string): string => `/c/${encodeURIComponent(id)}`;

/** Where to go after signing in: a path of this site, or home. "//host", "/\host" and whole addresses lead elsewhere. */
export function localPath(next: string | null): string {
  if (!next || !/^\/(?![/\\])/.test(next) || /[\\\x00-\x1f]/.test(next)) return "/";
  return next;
}
