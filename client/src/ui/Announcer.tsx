// Says new messages of the open channel to screen readers. The log itself keeps quiet: it cannot tell what is new from
// what is only being shown, a page of older messages or an edit.
import { useEffect, useRef, useState } from "preact/hooks";
import { app } from "../app";
import { newsAfter } from "../news";
import { texts } from "../texts";
import type { Message } from "../wire";
import { personName } from "./names";

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
  const { store } = app;
  const id = store.current.value;
  const messages = id ? store.windows.value.get(id)?.messages : undefined;
  const heard = useRef({ id: "", seq: 0 });
  useEffect(() => {
    if (!id || !messages) return;
    const seq = Math.max(messages.at(-1)?.seq ?? 0, heard.current.id === id ? heard.current.seq : 0);
    const news = heard.current.id === id ? newsAfter(messages, heard.current.seq, store.myId.value) : [];
    heard.current = { id, seq };
    if (news.length) hear(news);
  }, [id, messages]);
}

function inWords(messages: Message[]): string {
  const words = texts.news;
  if (messages.length > READ_OUT) return words.many(messages.length);
  return messages.map(({ user_id, text }) => words.by(personName(user_id), text.slice(0, LONGEST))).join("\n");
}
