// Goes anywhere by a few letters of its name: my channels and conversations, people, public channels.
import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { visited } from "../../lately";
import { channelPath } from "../../lib/paths";
import { rank, type Findable } from "../../lib/rank";
import { navigate, route } from "../../routes";
import { isMine } from "../../state/world";
import { texts } from "../../texts";
import { isDirect, type Channel, type User } from "../../wire";
import { Alert } from "../basics/Alert";
import { Avatar } from "../basics/Avatar";
import { Badge } from "../frame/Badge";
import { attentionOf } from "./channels";
import { Dialog } from "../basics/Dialog";
import { Icon } from "../basics/icons";
import { channelName, otherOf, personName } from "../people/names";
import { useTask } from "../basics/task";

interface Place extends Findable {
  id: string;
  channel?: Channel;
  user?: User;
  aside: string;
}

const MOST = 40;

export function Switcher({ onClose }: { onClose(): void }) {
  const words = texts.switcher;
  const [search, setSearch] = useState("");
  const [chosenId, setChosenId] = useState("");
  const list = useId();
  const task = useTask();
  useEffect(() => {
    // Others make channels and accounts without a word; what is known is shown meanwhile.
    void app.sync.list().catch(() => {});
    void app.loadUsers().catch(() => {});
  }, []);
  const places = rank(search, search.trim() ? everywhere() : myPlaces(), MOST);
  // What comes in meanwhile moves the others about; the chosen one stays it.
  const at = Math.max(0, places.findIndex(({ id }) => id === chosenId));
  const chosen = places[at];

  const write = (text: string) => {
    setSearch(text);
    setChosenId("");
  };
  const go = async ({ channel, user }: Place) => {
    if (channel) navigate(channelPath(channel.id));
    else if (!(await task.run(() => app.startDirect([user!.id])))) return;
    onClose();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setChosenId(places[(at + step + places.length) % places.length]?.id ?? "");
    else if (event.key === "Enter" && chosen) void go(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="switcher">
        <input
          class="switcher__field"
          role="combobox"
          aria-label={words.label}
          aria-expanded="true"
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={chosen && `${list}-${chosen.id}`}
          placeholder={words.placeholder}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          autofocus
          value={search}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <Alert text={task.error} />
        <ul class="switcher__list" role="listbox" id={list} aria-label={words.results}>
          {places.map((place) => (
            <Option key={place.id} id={`${list}-${place.id}`} place={place} chosen={place === chosen} onChoose={() => void go(place)} />
          ))}
        </ul>
        {!places.length && search.trim() && <p class="switcher__none">{words.none(search.trim())}</p>}
        <p class="visually-hidden" aria-live="polite">
          {search.trim() && words.found(places.length)}
        </p>
      </div>
    </Dialog>
  );
}

function Option({ id, place, chosen, onChoose }: { id: string; place: Place; chosen: boolean; onChoose(): void }) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => void (chosen && row.current?.scrollIntoView({ block: "nearest" })), [chosen]);
  const { channel, user, aside } = place;
  const name = place.names[0]!;
  const attention = channel && attentionOf(channel);
  const label = [texts.sidebar.badge(name, attention?.unread ?? 0, attention?.mentions ?? 0), aside].filter(Boolean).join(", ");
  const isPerson = user || (channel && isDirect(channel));
  return (
    // The field has the keyboard; here is only the pointer. Taking the focus would close a touch keyboard.
    <li ref={row} class="switcher__row" role="option" id={id} aria-selected={chosen} aria-label={label} onMouseDown={(event) => event.preventDefault()} onClick={onChoose}>
      {isPerson ? <Avatar id={user?.id ?? otherOf(channel!)} name={name} /> : <Icon name={channel!.kind === "private" ? "lock" : "hash"} />}
      <span class={attention?.unread && !attention.muted ? "switcher__name switcher__name--unread" : "switcher__name"}>{name}</span>
      <span class="switcher__aside">{aside}</span>
      {attention && <Badge {...attention} />}
    </li>
  );
}

/** Without a search: where I am, except here. */
function myPlaces(): Place[] {
  const here = route.value.name === "channel" ? route.value.id : null;
  return [...app.store.channels.value.values()]
    .filter((channel) => isMine(channel) && !channel.archived_at && channel.id !== here)
    .map(ofChannel);
}

/** Everyone and everything. With whom I talk already is a conversation, and not shown as a person again. */
function everywhere(): Place[] {
  const channels = [...app.store.channels.value.values()];
  const me = app.store.myId.value;
  const known = new Set(channels.filter(({ kind }) => kind === "dm").map(otherOf));
  const others = [...app.store.users.value.values()].filter((user) => user.id !== me && !user.deactivated_at && !known.has(user.id));
  return [...channels.map(ofChannel), ...others.map(ofUser)];
}

function ofChannel(channel: Channel): Place {
  const { unread, loud, muted } = attentionOf(channel);
  const words = texts.switcher;
  const aside = channel.archived_at ? words.archived : isMine(channel) ? "" : words.notJoined;
  const people = isDirect(channel) ? (channel.user_ids ?? []).flatMap((id) => app.store.users.value.get(id) ?? []) : [];
  const handles = people.filter(({ id }) => id !== app.store.myId.value).flatMap(({ username, id }) => [username, personName(id)]);
  return {
    id: channel.id,
    channel,
    aside,
    names: [channelName(channel), ...handles],
    attention: channel.archived_at ? -2 : !isMine(channel) ? -1 : loud ? 2 : unread && !muted ? 1 : 0,
    visited: visited.value[channel.id] ?? 0,
  };
}

const ofUser = (user: User): Place => ({
  id: user.id,
  user,
  aside: `@${user.username}`,
  names: [personName(user.id), user.username],
  attention: 0,
  visited: 0,
});
