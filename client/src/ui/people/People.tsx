// Everyone of the workspace: find someone, see who they are, write to them.
import { useEffect, useState } from "preact/hooks";
import { app } from "../../app";
import { collator, fold } from "../../lib/rank";
import { visits } from "../../routes";
import { texts } from "../../texts";
import type { User } from "../../wire";
import { Alert } from "../basics/Alert";
import { Avatar } from "../basics/Avatar";
import { Field } from "../basics/Field";
import { MenuButton } from "../frame/MenuButton";
import { personName } from "./names";
import { useTask } from "../basics/task";
import { place } from "../frame/title";

const AT_ONCE = 200;

export function People() {
  const words = texts.people;
  const [search, setSearch] = useState("");
  const [most, setMost] = useState(AT_ONCE);
  const [loaded, setLoaded] = useState(false);
  const load = useTask();
  const ask = async () => {
    if (await load.run(() => app.loadUsers())) setLoaded(true);
  };
  useEffect(() => void (place.value = words.title), []);
  useEffect(() => void ask(), [app.store.ready.value, visits.value]);
  const wanted = fold(search);
  const found = [...app.store.users.value.values()]
    .filter((user) => fold(`${user.display_name} ${user.username}`).includes(wanted))
    .sort((a, b) => Number(!!a.deactivated_at) - Number(!!b.deactivated_at) || collator.compare(personName(a.id), personName(b.id)));
  return (
    <>
      <header class="head">
        <MenuButton />
        <h1 class="head__name">{words.title}</h1>
      </header>
      <div class="browse">
        <Field label={words.search} value={search} onValue={setSearch} type="search" lowercase />
        <Alert text={load.error}>
          <button type="button" class="button" onClick={() => void ask()}>
            {texts.browse.tryAgain}
          </button>
        </Alert>
        {!loaded && !load.error && <p class="browse__note">{words.loading}</p>}
        {loaded && <p class="browse__note">{found.length ? words.count(found.length) : words.none}</p>}
        <ul class="browse__list">
          {found.slice(0, most).map((user) => (
            <Row key={user.id} user={user} />
          ))}
        </ul>
        {found.length > most && (
          <button type="button" class="button" onClick={() => setMost(most + AT_ONCE)}>
            {texts.details.more(Math.min(AT_ONCE, found.length - most))}
          </button>
        )}
      </div>
    </>
  );
}

function Row({ user }: { user: User }) {
  const words = texts.people;
  const task = useTask();
  const name = personName(user.id);
  const me = user.id === app.store.myId.value;
  const marks = [user.kind === "bot" && texts.details.bot, words.roles[user.role], user.deactivated_at && texts.details.deactivated];
  return (
    <li class={user.deactivated_at ? "browse__row browse__row--gone" : "browse__row"}>
      <Avatar id={user.id} name={name} />
      <div class="browse__about">
        <b>
          {name}
          {me && <small>({texts.channel.you})</small>}
          {marks.filter(Boolean).map((mark) => (
            <span class="mark" key={mark as string}>
              {mark}
            </span>
          ))}
        </b>
        <span>@{user.username}</span>
        <Alert text={task.error} />
      </div>
      {!user.deactivated_at && (
        <button type="button" class="button" aria-label={words.messageNamed(name)} disabled={task.busy} onClick={() => task.run(() => app.startDirect([user.id]))}>
          {words.message}
        </button>
      )}
    </li>
  );
}
