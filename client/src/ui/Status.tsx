// How the connection is, and how much waits for it. Always there, so that a change is announced.
import { useEffect, useState } from "preact/hooks";
import { app } from "../app";
import { route } from "../routes";
import { texts } from "../texts";

// Sending takes a moment; only what takes longer is worth a word while the connection stands.
const PATIENCE_MS = 3_000;

export function Status() {
  const words = texts.connection;
  const { sessionEnded, ready } = app.store;
  const waiting = useWaiting(ready.value);
  const state = useConnection();
  const count = waiting ? ` ${words.waiting(waiting)}` : "";
  if (sessionEnded.value) {
    const next = encodeURIComponent(location.pathname);
    void route.value;
    return (
      <p class="status status--ended" role="status">
        {words.ended}
        {count} <a href={`/sign-in?next=${next}`}>{words.signInAgain}</a>
      </p>
    );
  }
  const quiet = state === "live" && !waiting;
  return (
    <p class={quiet ? "status visually-hidden" : `status status--${state}`} role="status">
      {words[state]}
      {count}
    </p>
  );
}

/** Before the first connection it is only being made; later it was lost. */
function useConnection(): "connecting" | "live" | "offline" {
  const { ready } = app.store;
  const [was, setWas] = useState(false);
  useEffect(() => {
    if (ready.value) setWas(true);
  }, [ready.value]);
  if (ready.value) return "live";
  return was ? "offline" : "connecting";
}

function useWaiting(ready: boolean): number {
  const items = app.waiting.value;
  const [, tick] = useState(0);
  useEffect(() => {
    if (!items.length || !ready) return;
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [items.length > 0, ready]);
  const now = Date.now();
  return ready ? items.filter((item) => now - Date.parse(item.created_at) > PATIENCE_MS).length : items.length;
}
