// Who is in a channel; adding someone, removing someone, leaving.
import { useEffect, useState } from "preact/hooks";
import { app } from "../app";
import { isMine } from "../state/world";
import { texts } from "../texts";
import { isDirect, type Channel, type Member } from "../wire";
import { Alert } from "./Alert";
import { Avatar } from "./Avatar";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { personName } from "./names";
import { findPeople } from "./NewDirect";
import { useTask } from "./task";

export function Members({ channel, onClose }: { channel: Channel; onClose(): void }) {
  const words = texts.channel;
  const window = app.store.windows.value.get(channel.id);
  const members = window?.members;
  const load = useTask();
  const task = useTask();
  useEffect(() => void (window && !members && load.run(() => app.sync.members(channel.id))), [!window, !members]);
  const present = [...(members?.values() ?? [])].filter((member) => !member.left_at);
  present.sort((a, b) => personName(a.user_id).localeCompare(personName(b.user_id)));
  const mine = isMine(channel) && !isDirect(channel);
  const leave = async () => {
    if (await task.run(() => app.leave(channel.id))) onClose();
  };
  return (
    <Dialog title={words.memberList} onClose={onClose}>
      <Alert text={load.error || task.error} />
      {!members && !load.error && <p class="form__lead">{words.loading}</p>}
      <ul class="people">
        {present.map((member) => (
          <Row key={member.user_id} channel={channel} member={member} />
        ))}
      </ul>
      {mine && members && <Add channel={channel} present={present} />}
      {mine && (
        <div class="form__actions">
          <button type="button" class="button button--danger" disabled={task.busy} onClick={leave}>
            {words.leave}
          </button>
        </div>
      )}
    </Dialog>
  );
}

function Row({ channel, member }: { channel: Channel; member: Member }) {
  const words = texts.channel;
  const task = useTask();
  const name = personName(member.user_id);
  const me = member.user_id === app.store.myId.value;
  return (
    <li class="people__row">
      <Avatar id={member.user_id} name={name} />
      <span class="people__name">
        {name}
        {me && <small> ({words.you})</small>}
      </span>
      <span class="people__handle">{words.roles[member.role]}</span>
      {!me && mayRemove(channel) && (
        <button type="button" class="button" aria-label={words.removeNamed(name)} disabled={task.busy} onClick={() => task.run(() => app.removeMember(channel.id, member.user_id))}>
          {words.remove}
        </button>
      )}
      <Alert text={task.error} />
    </li>
  );
}

const mayRemove = (channel: Channel): boolean => !isDirect(channel) && isAdmin(channel);

export function isAdmin(channel: Channel): boolean {
  const role = app.store.me.value?.role;
  return channel.role === "owner" || channel.role === "admin" || role === "owner" || role === "admin";
}

function Add({ channel, present }: { channel: Channel; present: Member[] }) {
  const words = texts.channel;
  const [search, setSearch] = useState("");
  const task = useTask();
  useEffect(() => void task.run(() => app.loadUsers()), []);
  const there = new Set(present.map((member) => member.user_id));
  const people = findPeople(search, (user) => !there.has(user.id));
  return (
    <section class="people__add">
      <Field label={words.add} value={search} onValue={setSearch} type="search" lowercase />
      <Alert text={task.error} />
      <ul class="people">
        {people.slice(0, 8).map((user) => (
          <li class="people__row" key={user.id}>
            <Avatar id={user.id} name={personName(user.id)} />
            <span class="people__name">{personName(user.id)}</span>
            <span class="people__handle">@{user.username}</span>
            <button type="button" class="button" aria-label={words.addNamed(personName(user.id))} disabled={task.busy} onClick={() => task.run(() => app.addMember(channel.id, user.id))}>
              {words.addButton}
            </button>
          </li>
        ))}
        {!people.length && <li class="people__none">{words.nobodyToAdd}</li>}
      </ul>
    </section>
  );
}
