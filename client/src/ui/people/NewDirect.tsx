// Starting a conversation with one or more people: type, Enter adds, Backspace takes out.
import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { rank } from "../../lib/rank";
import { texts } from "../../texts";
import type { User } from "../../wire";
import { Alert } from "../basics/Alert";
import { Avatar } from "../basics/Avatar";
import { Dialog } from "../basics/Dialog";
import { Field } from "../basics/Field";
import { Icon } from "../basics/icons";
import { personName } from "./names";
import { useTask } from "../basics/task";

// The server's limit, myself among them: more people belong into a channel, which has a name.
const MOST = 9;
const SHOWN = 50;

export function NewDirect({ onClose }: { onClose(): void }) {
  const words = texts.direct;
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const load = useTask();
  const task = useTask();
  useEffect(() => void load.run(() => app.loadUsers()), []);
  const me = app.store.myId.value;
  const people = findPeople(search, (user) => user.id !== me).slice(0, SHOWN);
  const full = chosen.length >= MOST - 1;

  const field = () => form.current?.querySelector<HTMLInputElement>("input[type=search]");
  const toggle = (id: string) => {
    if (chosen.includes(id)) setChosen(chosen.filter((other) => other !== id));
    else if (!full) setChosen([...chosen, id]);
    setSearch("");
  };
  const addFirst = () => {
    const first = people.find((user) => !chosen.includes(user.id));
    if (first) toggle(first.id);
  };
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (chosen.length && (await task.run(() => app.startDirect([...chosen])))) onClose();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLFormElement>) => {
    if (event.isComposing) return;
    const inField = event.target === field();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.currentTarget, event.key === "ArrowDown" ? 1 : -1);
    else if (inField && event.key === "Enter" && search.trim()) addFirst();
    else if (inField && event.key === "Backspace" && !search) setChosen(chosen.slice(0, -1));
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form class="form" ref={form} onSubmit={onSubmit} onKeyDown={onKeyDown}>
        <p class="form__lead">{words.explain}</p>
        <ul class="chips" aria-label={words.chosen} aria-live="polite">
          {chosen.map((id) => (
            <li key={id} class="chips__chip">
              {personName(id)}
              <button type="button" aria-label={words.takeOut(personName(id))} onClick={() => (toggle(id), field()?.focus())}>
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
        <Field label={words.search} value={search} onValue={setSearch} hint={words.keys} type="search" autofocus lowercase />
        <ul class="people">
          {people.map((user, at) => (
            <li key={user.id}>
              <label class={search.trim() && at === 0 ? "people__row people__row--next" : "people__row"}>
                <input type="checkbox" checked={chosen.includes(user.id)} disabled={full && !chosen.includes(user.id)} onChange={() => toggle(user.id)} />
                <Avatar id={user.id} name={personName(user.id)} />
                <span class="people__name">{personName(user.id)}</span>
                <span class="people__handle">@{user.username}</span>
              </label>
            </li>
          ))}
          {!people.length && <li class="people__none">{words.nobody}</li>}
        </ul>
        {full && <p class="form__lead">{words.full(MOST)}</p>}
        <Alert text={task.error || load.error} />
        <div class="form__actions">
          <button type="button" class="button" onClick={onClose}>
            {texts.dialog.cancel}
          </button>
          <button class="button button--primary" disabled={task.busy || !chosen.length}>
            {words.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** From the field into the list, along it, and back. */
function step(form: HTMLFormElement, by: 1 | -1): void {
  const stops = [...form.querySelectorAll<HTMLInputElement>("input:not(:disabled)")];
  const at = stops.indexOf(document.activeElement as HTMLInputElement);
  stops[Math.max(0, at + by)]?.focus();
}

export function findPeople(search: string, fits: (user: User) => boolean): User[] {
  const people = [...app.store.users.value.values()].filter((user) => !user.deactivated_at && fits(user));
  const items = people.map((user) => ({ user, names: [user.display_name || user.username, user.username], attention: 0, visited: 0 }));
  return rank(search, items, people.length).map(({ user }) => user);
}
