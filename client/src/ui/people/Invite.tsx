// A link that lets one more person in.
import { useState } from "preact/hooks";
import { app } from "../../app";
import { shortTime } from "../../lib/time";
import { texts } from "../../texts";
import type { Invite as Made } from "../../wire";
import { Alert } from "../basics/Alert";
import { Field } from "../basics/Field";
import { useTask } from "../basics/task";

export function Invite() {
  const words = texts.invite;
  const [made, setMade] = useState<Made | null>(null);
  const [copied, setCopied] = useState(false);
  const task = useTask();
  const make = () => task.run(async () => setMade(await app.api.send<Made>("POST", "/invites")));
  const copy = () => task.run(async () => {
    await navigator.clipboard.writeText(made!.url);
    setCopied(true);
  });
  return (
    <section class="invite">
      <h3>{words.title}</h3>
      <p class="form__lead">{words.explain}</p>
      {made ? (
        <div class="form form--row">
          <Field label={words.link} value={made.url} onValue={() => {}} hint={words.expires(shortTime(made.expires_at))} />
          {"clipboard" in navigator && (
            <button type="button" class="button" onClick={copy}>
              {copied ? words.copied : words.copy}
            </button>
          )}
        </div>
      ) : (
        <button type="button" class="button" disabled={task.busy} onClick={make}>
          {words.make}
        </button>
      )}
      <Alert text={task.error} />
    </section>
  );
}
