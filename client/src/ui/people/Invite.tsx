// Links that let one more person in: making one, and those that can still be used.
import { useEffect, useState } from "preact/hooks";
import { readAll } from "../../api";
import { app } from "../../app";
import { shortTime } from "../../lib/time";
import { texts } from "../../texts";
import type { InviteRow, Invite as Made } from "../../wire";
import { Alert } from "../basics/Alert";
import { Field } from "../basics/Field";
import { useTask } from "../basics/task";

export function Invite() {
  const words = texts.invite;
  const [made, setMade] = useState<Made | null>(null);
  const [copied, setCopied] = useState(false);
  const [open, setOpen] = useState<InviteRow[]>([]);
  const task = useTask();
  const load = async () => setOpen((await readAll<{ invites: InviteRow[] }>(app.api, "/invites", "invites")).invites);
  useEffect(() => void task.run(load), []);
  const make = () =>
    task.run(async () => {
      setMade(await app.api.send<Made>("POST", "/invites"));
      setCopied(false);
      await load();
    });
  const copy = () =>
    task.run(async () => {
      await navigator.clipboard.writeText(made!.url);
      setCopied(true);
    });
  const end = (invite: InviteRow) =>
    task.run(async () => {
      await app.api.send("DELETE", `/invites/${encodeURIComponent(invite.id)}`);
      if (made?.id === invite.id) setMade(null);
      await load();
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
      {made && (
        <button type="button" class="button" disabled={task.busy} onClick={make}>
          {words.another}
        </button>
      )}
      <Alert text={task.error} />
      {open.length > 0 && (
        <>
          <h4 id="open-invites">{words.open}</h4>
          <ul class="sessions" aria-labelledby="open-invites">
            {open.map((invite) => (
              <OpenInvite key={invite.id} invite={invite} busy={task.busy} onEnd={() => end(invite)} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function OpenInvite({ invite, busy, onEnd }: { invite: InviteRow; busy: boolean; onEnd(): void }) {
  const words = texts.invite;
  const people = app.store.users.value;
  const name = (id: string | null) => (id && people.get(id)?.display_name) || words.operator;
  const by = words.by(name(invite.created_by));
  const channels = invite.channel_ids.map((id) => app.store.channels.value.get(id)?.name).filter(Boolean);
  return (
    <li class="sessions__row">
      <div class="sessions__about">
        <b>{invite.claims_user_id ? words.claims(name(invite.claims_user_id)) : by}</b>
        <small>
          {[invite.claims_user_id && by, words.made(shortTime(invite.created_at)), channels.length > 0 && words.into(channels.join(", "))]
            .filter(Boolean)
            .join(", ")}
          . {words.expires(shortTime(invite.expires_at))}
        </small>
      </div>
      <button type="button" class="button" disabled={busy} aria-label={words.endNamed(`${by}, ${words.made(shortTime(invite.created_at))}`)} onClick={onEnd}>
        {words.end}
      </button>
    </li>
  );
}
