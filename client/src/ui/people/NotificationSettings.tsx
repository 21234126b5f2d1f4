// Switching notifications on and off, and a quiet while; and the quiet hint that there are any.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { shortTime } from "../../lib/time";
import { permission, quietUntil, switched } from "../../notifications";
import { oneOf, preference } from "../../prefs";
import { texts } from "../../texts";
import { endOf, type Pause } from "./quiet";

const dismissed = preference("notify.hint", "shown", oneOf("shown", "dismissed"));

/** The browser tells of no change of its permission that one makes here: it is asked again. */
const allowed = signal(permission());
const look = (): void => void (allowed.value = permission());

/** Browsers ask on a click only, and so should we. */
async function turnOn(): Promise<void> {
  switched.value = "on";
  await Notification.requestPermission();
  look();
}

export function NotificationHint() {
  const words = texts.notify;
  useEffect(look, []);
  // Phones notify for installed apps only, and have no room for hints.
  if (allowed.value !== "default" || dismissed.value === "dismissed" || !matchMedia("(hover: hover)").matches) return null;
  return (
    <div class="hint" role="region" aria-label={words.heading}>
      <p>{words.hint}</p>
      <button type="button" class="button" onClick={() => void turnOn()}>
        {words.turnOn}
      </button>
      <button type="button" class="button button--quiet" onClick={() => (dismissed.value = "dismissed")}>
        {words.notNow}
      </button>
    </div>
  );
}

export function NotificationSettings() {
  const words = texts.notify;
  useEffect(look, []);
  return (
    <section class="notify">
      <h3>{words.heading}</h3>
      {allowed.value === "unsupported" && <p class="form__lead">{words.unsupported}</p>}
      {allowed.value === "denied" && <p class="form__lead">{words.denied}</p>}
      {allowed.value === "default" && (
        <button type="button" class="button" onClick={() => void turnOn()}>
          {words.turnOn}
        </button>
      )}
      {allowed.value === "granted" && <Choices />}
    </section>
  );
}

function Choices() {
  const words = texts.notify;
  const on = switched.value === "on";
  return (
    <>
      <label class="notify__switch">
        <input type="checkbox" checked={on} onChange={() => (switched.value = on ? "off" : "on")} />
        {words.on}
      </label>
      {on && <Quiet />}
      <p class="form__lead">{words.forBrowser}</p>
    </>
  );
}

function Quiet() {
  const words = texts.notify;
  const until = quietUntil.value;
  if (until > Date.now()) {
    return (
      <div class="notify__quiet">
        <p>{words.quietUntil(shortTime(new Date(until).toISOString()))}</p>
        <button type="button" class="button" onClick={() => (quietUntil.value = 0)}>
          {words.resume}
        </button>
      </div>
    );
  }
  return (
    <div class="notify__quiet" role="group" aria-label={words.quiet}>
      <p>{words.quiet}</p>
      {(Object.keys(words.pauses) as Pause[]).map((pause) => (
        <button key={pause} type="button" class="button" onClick={() => (quietUntil.value = endOf(pause, new Date()))}>
          {words.pauses[pause]}
        </button>
      ))}
    </div>
  );
}
