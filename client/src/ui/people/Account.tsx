// Oneself: the name others see, the password, where one is signed in, inviting others.
import { useEffect, useState } from "preact/hooks";
import { version } from "../../../package.json";
import { readAll } from "../../api";
import { app } from "../../app";
import { shortTime } from "../../lib/time";
import { texts } from "../../texts";
import type { Myself, SessionRow } from "../../wire";
import { Alert } from "../basics/Alert";
import { Dialog, Section } from "../basics/Dialog";
import { Field } from "../basics/Field";
import { Invite } from "./Invite";
import { useTask } from "../basics/task";

export function Account({ onClose }: { onClose(): void }) {
  const words = texts.account;
  const me = app.store.me.value!;
  const [changes, setChanges] = useState(0);
  const mayInvite = me.role === "owner" || me.role === "admin";
  return (
    <Dialog title={words.title} onClose={onClose}>
      <Section title={words.profile}>
        <Profile me={me} />
      </Section>
      <Section title={words.password}>
        <Password onChanged={() => setChanges(changes + 1)} />
      </Section>
      <Sessions changes={changes} />
      {mayInvite && <Invite />}
      <Section title={words.about}>
        <p class="form__lead">{words.version(version)}</p>
      </Section>
    </Dialog>
  );
}

function Profile({ me }: { me: Myself }) {
  const words = texts.account;
  const [name, setName] = useState(me.display_name);
  const [email, setEmail] = useState(me.email ?? "");
  const [saved, setSaved] = useState(false);
  const task = useTask();
  const change = {
    ...(name.trim() && name.trim() !== me.display_name && { display_name: name.trim() }),
    ...(email.trim() && email.trim() !== me.email && { email: email.trim() }),
  };
  const changed = Object.keys(change).length > 0;
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    setSaved(await task.run(() => app.changeMe(change)));
  };
  return (
    <form class="form" onSubmit={onSubmit}>
      <Field label={words.displayName} value={name} onValue={setName} hint={words.username(me.username)} autocomplete="name" maxLength={80} required invalid={task.field === "display_name"} />
      <Field label={words.email} value={email} onValue={setEmail} type="email" autocomplete="email" maxLength={254} invalid={task.field === "email"} />
      <Alert text={task.error} />
      <div class="form__actions">
        <button class="button" disabled={!changed || task.busy}>
          {saved && !changed ? words.saved : words.save}
        </button>
      </div>
    </form>
  );
}

function Password({ onChanged }: { onChanged(): void }) {
  const words = texts.account;
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const task = useTask();
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    const asked = { current_password: current, password };
    const changed = await task.run(() => app.api.send("PUT", "/users/me/password", asked));
    setDone(changed);
    if (!changed) return;
    setCurrent("");
    setPassword("");
    onChanged();
  };
  return (
    <form class="form" onSubmit={onSubmit}>
      {/* So that password managers know whose password this is. */}
      <input type="text" name="username" autocomplete="username" value={app.store.me.value!.username} hidden readOnly />
      <Field label={words.currentPassword} value={current} onValue={setCurrent} type="password" autocomplete="current-password" required invalid={task.field === "current_password"} />
      <Field label={words.newPassword} value={password} onValue={setPassword} hint={words.newPasswordHint} type="password" autocomplete="new-password" minLength={8} maxLength={256} required invalid={task.field === "password"} />
      <Alert text={task.error} />
      <div class="form__actions">
        <p class="form__done" aria-live="polite">{done && words.passwordChanged}</p>
        <button class="button" disabled={!current || !password || task.busy}>
          {words.changePassword}
        </button>
      </div>
    </form>
  );
}

function Sessions({ changes }: { changes: number }) {
  const words = texts.account;
  const [sessions, setSessions] = useState<SessionRow[]>([]);
  const task = useTask();
  const load = async () => setSessions((await readAll<{ sessions: SessionRow[] }>(app.api, "/sessions", "sessions")).sessions);
  useEffect(() => void task.run(load), [changes]);
  const revokeOthers = () =>
    task.run(async () => {
      await app.api.send("DELETE", "/sessions");
      await load();
    });
  const revoke = (session: SessionRow) =>
    task.run(async () => {
      await app.api.send("DELETE", `/sessions/${encodeURIComponent(session.id)}`);
      await load();
    });
  return (
    <Section title={words.sessions}>
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
      {sessions.length > 1 && (
        <div class="form__actions">
          <button type="button" class="button" disabled={task.busy} onClick={revokeOthers}>
            {words.signOutOthers}
          </button>
        </div>
      )}
    </Section>
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
