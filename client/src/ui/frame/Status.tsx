// How the connection is, and how much waits for it. Always there, so that a change is announced.
import { useEffect, useState } from "preact/hooks";
import { app } from "../../app";
import type { ConnectionState } from "../../connection";
import { route } from "../../routes";
import { texts } from "../../texts";

// Sending takes a moment; only what takes longer is worth a word while the connection stands.
const PATIENCE_MS = 3_000;
// A connection that is back this soon was not worth a word.
const BLINK_MS = 500;

export function Status() {
  const words = texts.connection;
  const now = app.connection.value;
  const waiting = useWaiting(app.store.ready.value);
  const state = useLasting(now, waiting > 0 || app.store.doubted.value);
  const quiet = state === "live" && !waiting;
  return (
    <p class={quiet ? "status visually-hidden" : `status status--${state}`} role="status">
      {words[state]}
      {waiting > 0 && ` ${words.waiting(waiting)}`}
      {state === "offline" && <NextTry />}
      {state === "ended" && <SignInAgain />}
    </p>
  );
}

/** The seconds pass for the eye only: nobody wants to hear each of them. */
function NextTry() {
  const words = texts.connection;
  const at = app.transport.retryAt.value;
  useEverySecond(at !== null);
  return (
    <>
      {at !== null && <span aria-hidden="true"> {words.nextTry(Math.ceil((at - Date.now()) / 1_000))}</span>}{" "}
      <button type="button" class="button status__retry" onClick={() => app.retry()}>
        {words.retry}
      </button>
    </>
  );
}

function SignInAgain() {
  void route.value;
  return (
    <>
      {" "}
      <a href={`/sign-in?next=${encodeURIComponent(location.pathname)}`}>{texts.connection.signInAgain}</a>
    </>
  );
}

/** The state, without losses that were over before anyone could have read of them. */
function useLasting(state: ConnectionState, atOnce: boolean): ConnectionState {
  const passing = state === "offline" || state === "catchingUp";
  const [shown, setShown] = useState(state);
  useEffect(() => {
    if (!passing || atOnce) return setShown(state);
    const timer = setTimeout(() => setShown(state), BLINK_MS);
    return () => clearTimeout(timer);
  }, [state, atOnce]);
  return passing && !atOnce ? shown : state;
}

function useWaiting(ready: boolean): number {
  const items = app.waiting.value;
  useEverySecond(items.length > 0 && ready);
  const now = Date.now();
  return ready ? items.filter((item) => now - Date.parse(item.created_at) > PATIENCE_MS).length : items.length;
}

/** Draws again each second. */
function useEverySecond(wanted: boolean): void {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [wanted]);
}
