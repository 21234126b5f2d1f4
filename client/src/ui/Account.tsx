// Oneself: the name others see, where one is signed in, inviting others, signing out.
import { useEffect, useState } from "preact/hooks";
import { app } from "../app";
import { shortTime } from "../lib/time";
import { texts } from "../texts";
import type { SessionRow } from "../wire";
import { Alert } from "./Alert";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { Invite } from "./Invite";
import { NotificationSettings } from "./NotificationSettings";
import { useTask } from "./task";

export function Account({ onClose }: { onClose(): void }) {
  const me = app.store.me.value!;
  const mayInvite = me.role === "owner" || me.role === "admin";
  return (
    <Dialog title={texts.account.title} onClose={onClose}>
      <Name name={me.display_name} />
      <NotificationSettings />
      {mayInvite && <Invite />}
      <Sessions />
      <SignOut />
    </Dialog>
  );
}

function Name({ name: present }: { name: string }) {
  const words = texts.account;
  const [name, setName] = useState(present);
  const [saved, setSaved] = useState(false);
  const task = useTask();
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    setSaved(await task.run(() => app.rename(name.trim())));
  };
  const changed = name.trim() && name.trim() !== present;
  return (
    <form class="form form--row" onSubmit={onSubmit}>
      <Field label={words.displayName} value={name} onValue={setName} maxLength={80} required />
      <button class="button" disabled={!changed || task.busy}>
        {saved && !changed ? words.saved : words.save}
      </button>
      <Alert text={task.error} />
    </form>
  );
}

function Sessions() {
  const words = texts.account;
  const [sessions, setSessions] = useState<SessionRow[]>([]);
  const task = useTask();
  const load = async () => setSessions((await app.api.get<{ sessions: SessionRow[] }>("/sessions")).sessions);
  useEffect(() => void task.run(load), []);
  const revoke = (session: SessionRow) =>
    task.run(async () => {
      await app.api.send("DELETE", `/sessions/${encodeURIComponent(session.id)}`);
      await load();
    });
  return (
    <section>
      <h3>{words.sessions}</h3>
      <Alert text={task.error} />
      <ul class="sessions">
        {sessions.map((session) => (
          <li key={session.id} class="sessions__row">
            <div class="sessions__about">
              <b>{nameOf(session)}</b>
              <small>
                {session.current ? words.current : words.lastSeen(shortTime(session.last_seen_at ?? session.created_at))}
                {session.ip && `, ${session.ip}`}
              </small>
            </div>
            {!session.current && (
              <button type="button" class="button" disabled={task.busy} aria-label={words.revokeNamed(nameOf(session))} onClick={() => revoke(session)}>
                {words.revoke}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const BROWSERS = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrome\/|Chromium\//, "Chrome"],
  [/Safari\//, "Safari"],
] as const;
const SYSTEMS = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X/, "macOS"],
  [/Windows/, "Windows"],
  [/Linux/, "Linux"],
] as const;

function nameOf(session: SessionRow): string {
  if (session.kind === "token") return session.name || texts.account.token;
  const agent = session.user_agent ?? "";
  const find = (table: readonly (readonly [RegExp, string])[]) => table.find(([pattern]) => pattern.test(agent))?.[1];
  return [find(BROWSERS), find(SYSTEMS)].filter(Boolean).join(", ") || texts.account.unknownAgent;
}

function SignOut() {
  const words = texts.account;
  const [asked, setAsked] = useState(false);
  const task = useTask();
  const waiting = app.waiting.value.length;
  const onClick = () => {
    if (waiting && !asked) setAsked(true);
    else void task.run(() => app.signOut());
  };
  return (
    <section class="account__out">
      {asked && waiting > 0 && <Alert text={words.signOutWaiting(waiting)} />}
      <Alert text={task.error} />
      <button type="button" class="button button--danger" disabled={task.busy} onClick={onClick}>
        {asked && waiting > 0 ? words.signOutAnyway : words.signOut}
      </button>
    </section>
  );
}
