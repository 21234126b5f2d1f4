// Starting a conversation with one or more people.
import { useEffect, useState } from "preact/hooks";
import { app } from "../app";
import { texts } from "../texts";
import type { User } from "../wire";
import { Alert } from "./Alert";
import { Avatar } from "./Avatar";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { personName } from "./names";
import { useTask } from "./task";

export function NewDirect({ onClose }: { onClose(): void }) {
  const words = texts.direct;
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const load = useTask();
  const task = useTask();
  useEffect(() => void load.run(() => app.loadUsers()), []);
  const people = findPeople(search, (user) => user.id !== app.store.myId.value);
  const toggle = (id: string) => setChosen(new Set(chosen.has(id) ? [...chosen].filter((other) => other !== id) : [...chosen, id]));
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (await task.run(() => app.startDirect([...chosen]))) onClose();
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form class="form" onSubmit={onSubmit}>
        <p class="form__lead">{words.explain}</p>
        <Field label={words.search} value={search} onValue={setSearch} type="search" autofocus lowercase />
        <ul class="people">
          {people.map((user) => (
            <li key={user.id}>
              <label class="people__row">
                <input type="checkbox" checked={chosen.has(user.id)} onChange={() => toggle(user.id)} />
                <Avatar id={user.id} name={personName(user.id)} />
                <span class="people__name">{personName(user.id)}</span>
                <span class="people__handle">@{user.username}</span>
              </label>
            </li>
          ))}
          {!people.length && <li class="people__none">{words.nobody}</li>}
        </ul>
        <Alert text={task.error || load.error} />
        <div class="form__actions">
          <button type="button" class="button" onClick={onClose}>
            {texts.dialog.cancel}
          </button>
          <button class="button button--primary" disabled={task.busy || !chosen.size}>
            {words.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function findPeople(search: string, fits: (user: User) => boolean): User[] {
  const wanted = search.trim().toLowerCase();
  return [...app.store.users.value.values()]
    .filter((user) => !user.deactivated_at && fits(user))
    .filter((user) => `${user.display_name} ${user.username}`.toLowerCase().includes(wanted))
    .sort((a, b) => a.display_name.localeCompare(b.display_name));
}
