// How much is unread in a channel; the link or option around it says so in words.
import type { Attention } from "../go/channels";

export function Badge({ unread, mentions, muted, loud }: Attention) {
  // A muted channel stays quiet; that one was named there can still be seen.
  const count = muted ? mentions : unread;
  if (!count) return null;
  return (
    <span class={loud ? "badge badge--loud" : muted ? "badge badge--muted" : "badge"} aria-hidden="true">
      {count > 99 ? "99+" : count}
    </span>
  );
}
