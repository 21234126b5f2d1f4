// Who is in a channel: find someone, add someone, take someone out.
import { useEffect, useState } from "preact/hooks";
import { app } from "../../app";
import { collator, fold } from "../../lib/rank";
import { texts } from "../../texts";
import { isDirect, type Channel, type Member } from "../../wire";
import { Alert } from "../basics/Alert";
import { Avatar } from "../basics/Avatar";
import { Field } from "../basics/Field";
import { useKeptFocus } from "./focus";
import { mayAddPeople, mayAdminister } from "./may";
import { personName } from "../people/names";
import { findPeople } from "../people/NewDirect";
import { useTask } from "../basics/task";


const AT_ONCE = 100;
// Below so many one sees everyone anyway.
const WORTH_A_SEARCH = 8;
const TO_ADD = 8;

interface MemberList {
  /** By name; null while they are not known. */
  present: Member[] | null;
  error: string;
  ask(): void;
}

/** Who is in a channel, asked for when someone wants to see. */
export function useMembers(channel: Channel): MemberList {
  const load = useTask();
  const window = app.store.windows.value.get(channel.id);
  const members = window?.members;
  const ask = () => void load.run(() => app.sync.members(channel.id));
  useEffect(() => {
    if (window && !members) ask();
  }, [!window, !members]);
  const present = members && [...members.values()].filter((member) => !member.left_at);
  present?.sort((a, b) => collator.compare(personName(a.user_id), personName(b.user_id)));
  return { present: present ?? null, error: load.error, ask };
}

export function Members({ channel, list: { present, error, ask } }: { channel: Channel; list: MemberList }) {
  const words = texts.channel;
  const [search, setSearch] = useState("");
  const [most, setMost] = useState(AT_ONCE);
  const rows = useKeptFocus<HTMLUListElement>(present?.length);
  if (!present) {
    if (!error) return <p class="form__lead">{words.loading}</p>;
    return (
      <Alert text={error}>
        <button type="button" class="button" onClick={ask}>
          {texts.details.tryAgain}
        </button>
      </Alert>
    );
  }
  const wanted = fold(search);
  const found = present.filter(({ user_id }) => fold(`${personName(user_id)} ${app.store.users.value.get(user_id)?.username ?? ""}`).includes(wanted));
  return (
    <div class="members">
      {present.length > WORTH_A_SEARCH && <Field label={texts.details.findMember} value={search} onValue={setSearch} type="search" lowercase />}
      <ul class="people" tabIndex={-1} ref={rows}>
        {found.slice(0, most).map((member) => (
          <Row key={member.user_id} channel={channel} member={member} />
        ))}
        {!found.length && <li class="people__none">{texts.details.noMember}</li>}
      </ul>
      {found.length > most && (
        <button type="button" class="button members__more" onClick={() => setMost(most + AT_ONCE)}>
          {texts.details.more(Math.min(AT_ONCE, found.length - most))}
        </button>
      )}
      {mayAddPeople(channel) && <Add channel={channel} present={present} />}
    </div>
  );
}

function Row({ channel, member }: { channel: Channel; member: Member }) {
  const words = texts.channel;
  const task = useTask();
  const user = app.store.users.value.get(member.user_id);
  const name = personName(member.user_id);
  const me = member.user_id === app.store.myId.value;
  const marks = [
    user?.kind === "bot" && texts.details.bot,
    user?.deactivated_at && texts.details.deactivated,
    !isDirect(channel) && words.roles[member.role],
  ].filter(Boolean);
  return (
    <li class="people__row">
      <Avatar id={member.user_id} name={name} />
      <span class="people__name">
        {name}
        {me && <small> ({words.you})</small>}
      </span>
      <span class="people__handle">{marks.join(", ")}</span>
      {!me && mayAdminister(channel) && (
        <button type="button" class="button" aria-label={words.removeNamed(name)} disabled={task.busy} onClick={() => task.run(() => app.removeMember(channel.id, member.user_id))}>
          {words.remove}
        </button>
      )}
      <Alert text={task.error} />
    </li>
  );
}

function Add({ channel, present }: { channel: Channel; present: Member[] }) {
  const words = texts.channel;
  const [search, setSearch] = useState("");
  const task = useTask();
  useEffect(() => void task.run(() => app.loadUsers()), []);
  const add = async (id: string) => {
    if (await task.run(() => app.addMember(channel.id, id))) setSearch("");
  };
  const there = new Set(present.map((member) => member.user_id));
  const people = findPeople(search, (user) => !there.has(user.id));
  return (
    <section class="people__add">
      <Field label={words.add} value={search} onValue={setSearch} type="search" lowercase />
      <Alert text={task.error} />
      <ul class="people">
        {people.slice(0, TO_ADD).map((user) => (
          <li class="people__row" key={user.id}>
            <Avatar id={user.id} name={personName(user.id)} />
            <span class="people__name">{personName(user.id)}</span>
            <span class="people__handle">@{user.username}</span>
            <button type="button" class="button" aria-label={words.addNamed(personName(user.id))} disabled={task.busy} onClick={() => void add(user.id)}>
              {words.addButton}
            </button>
          </li>
        ))}
        {!people.length && <li class="people__none">{search.trim() ? texts.direct.nobody : words.nobodyToAdd}</li>}
      </ul>
    </section>
  );
}
