// Says new messages of the open channel to screen readers. The log itself keeps quiet: it cannot tell what is new from
// what is only being shown, a page of older messages or an edit.
import { useEffect, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { newsSince } from "../../lib/aloud";
import { texts } from "../../texts";
import type { Message } from "../../wire";
import { personName } from "../people/names";

const TOGETHER_MS = 700;
const READ_OUT = 2;
const LONGEST = 300;

export function Announcer() {
  const [said, setSaid] = useState({ id: 0, text: "" });
  const waiting = useRef<Message[]>([]);
  useNews((messages) => {
    waiting.current.push(...messages);
    if (waiting.current.length > messages.length) return;
    setTimeout(() => {
      const text = inWords(waiting.current);
      waiting.current = [];
      setSaid(({ id }) => ({ id: id + 1, text }));
    }, TOGETHER_MS);
  });
  return (
    <div class="visually-hidden" aria-live="polite">
      <p key={said.id}>{said.text}</p>
    </div>
  );
}

/** Hears what is new at the end of the open channel, from when it was first shown. */
function useNews(hear: (messages: Message[]) => void): void {
  const { current, windows, world, myId } = app.store;
  const id = current.value;
  const window = id ? windows.value.get(id) : undefined;
  const heard = useRef({ of: "", cursor: 0 });
  useEffect(() => {
    // Far back in the channel, what comes at its end is not held; it is said once one is there again.
    if (!id || !window || window.high !== Infinity) return;
    const of = `${world.peek().epoch} ${id}`;
    const known = heard.current.of === of ? heard.current.cursor : window.cursor;
    const news = newsSince(known, window, myId.value);
    heard.current = { of, cursor: Math.max(known, window.cursor) };
    if (news.length) hear(news);
  }, [id, window]);
}

function inWords(messages: Message[]): string {
  const words = texts.news;
  if (messages.length > READ_OUT) return words.many(messages.length);
  return messages.map(({ user_id, text }) => words.by(personName(user_id), text.slice(0, LONGEST))).join("\n");
}
