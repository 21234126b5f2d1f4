// The list of people, channels or emoji above a field, for what is being typed in it. The field stays a textbox and
// keeps the focus; it tells which line of the list is chosen.
import { computed } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { emojis, recent, remember, toned } from "../../emoji";
import { rank, tokenAt, type Candidate, type Token } from "../../lib/complete";
import { isMine } from "../../state/world";
import { texts } from "../../texts";
import { isDirect } from "../../wire";
import { Avatar } from "../basics/Avatar";
import { Icon } from "../basics/icons";
import { insertText } from "./insert";
import { wantChannels } from "../people/names";

const MOST = 8;
const MARGIN = 6;

interface Option {
  key: string;
  /** What stands in the text in the end. */
  insert: string;
  label: string;
  hint: string;
  picture: { person: string } | { emoji: string } | { icon: "hash" | "lock" | "people" };
}

export type CompletionState = ReturnType<typeof useCompletion>;

export function useCompletion(field: RefObject<HTMLTextAreaElement | null>, channelId: string) {
  const [token, setToken] = useState<Token | null>(null);
  const [at, setAt] = useState(0);
  const refused = useRef(-1);
  const id = useId();
  const options = token ? optionsFor(token, channelId) : [];
  const open = options.length > 0;
  const chosen = Math.min(at, options.length - 1);
  useEffect(() => {
    if (token?.sign === ":") emojis.want();
    if (token?.sign === "#") wantChannels();
    if (token?.sign === "@") wantMembers(channelId);
  }, [token?.sign]);

  const look = (): Token | null => tokenAt(field.current!.value, field.current!.selectionStart);
  const close = () => setToken(null);
  const choose = (option: Option) => {
    const { value } = field.current!;
    insertText(field.current!, token!.from, token!.to, option.insert + (value[token!.to] === " " ? "" : " "), token!.from + option.insert.length + 1);
    if (token!.sign === ":") remember(option.insert);
    close();
  };
  const typed = (event: InputEvent) => {
    const next = isTyping(event) ? look() : null;
    if (next?.from !== refused.current) refused.current = -1;
    setToken(next && refused.current < 0 ? next : null);
    if (next?.query !== token?.query) setAt(0);
  };
  /** The caret went elsewhere. */
  const moved = () => {
    if (token && (look()?.from !== token.from || look()?.to !== token.to)) close();
  };
  const takes = (event: KeyboardEvent): boolean => {
    if (!open || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "ArrowDown") setAt((chosen + 1) % options.length);
    else if (event.key === "ArrowUp") setAt((chosen + options.length - 1) % options.length);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) choose(options[chosen]!);
    else if (event.key === "Escape") {
      refused.current = token!.from;
      close();
    } else return false;
    return true;
  };
  const attributes = {
    "aria-autocomplete": "list",
    "aria-controls": open ? id : undefined,
    "aria-activedescendant": open ? `${id}-${chosen}` : undefined,
  } as const;
  return { id, token, options, chosen, open, choose, close, typed, moved, takes, attributes };
}

/** Letter by letter, or word by word on a phone. What was pasted, or put there by a program, is not being typed. */
const isTyping = ({ inputType = "", data }: InputEvent): boolean =>
  inputType === "insertText" ? [...(data ?? "")].length === 1 : inputType === "insertCompositionText" || inputType.startsWith("delete");

export function Completion({ state, field }: { state: CompletionState; field: RefObject<HTMLTextAreaElement | null> }) {
  const { id, token, options, chosen, open, choose } = state;
  return (
    <>
      <span class="visually-hidden" aria-live="polite">
        {open && texts.completion.found(options.length)}
      </span>
      {open && <List id={id} label={texts.completion[token!.sign]} options={options} chosen={chosen} onChoose={choose} field={field} />}
    </>
  );
}

interface ListProps {
  id: string;
  label: string;
  options: readonly Option[];
  chosen: number;
  onChoose(option: Option): void;
  field: RefObject<HTMLTextAreaElement | null>;
}

function List({ id, label, options, chosen, onChoose, field }: ListProps) {
  const list = useRef<HTMLUListElement>(null);
  // The top layer: the list of messages does not clip it.
  useLayoutEffect(() => list.current!.showPopover(), []);
  useLayoutEffect(() => place(list.current!, field.current!.getBoundingClientRect()));
  return (
    <ul class="completion" id={id} ref={list} role="listbox" aria-label={label} popover="manual">
      {options.map((option, at) => (
        <li
          key={option.key}
          id={`${id}-${at}`}
          class="completion__option"
          role="option"
          aria-selected={at === chosen}
          // The field keeps the focus, and a touch keyboard stays.
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(option)}
        >
          <Picture of={option.picture} name={option.label} />
          <b>{option.label}</b>
          <span>{option.hint}</span>
        </li>
      ))}
    </ul>
  );
}

function Picture({ of, name }: { of: Option["picture"]; name: string }) {
  if ("person" in of) return <Avatar id={of.person} name={name} />;
  return <i aria-hidden="true">{"emoji" in of ? of.emoji : <Icon name={of.icon} />}</i>;
}

/** Above what one writes, or below where there is no room. */
function place(list: HTMLElement, at: DOMRect): void {
  const { width, height } = list.getBoundingClientRect();
  const above = at.top - height - MARGIN;
  list.style.top = `${above > 0 ? above : at.bottom + MARGIN}px`;
  list.style.left = `${Math.max(MARGIN, Math.min(at.left, innerWidth - width - MARGIN))}px`;
}

// What there is to choose ---------------------------------------------------------------------------

const OPTIONS = { "@": people, "#": channels, ":": emoji };

/** Nothing, where what is written is complete and the beginning of nothing else: then Enter sends. */
function optionsFor({ sign, query }: Token, channelId: string): Option[] {
  const options = OPTIONS[sign](query, channelId);
  return options.length === 1 && options[0]!.insert.toLowerCase() === sign + query ? [] : options;
}

// In order; made when they change, not with every key.
const everyPerson = computed(() =>
  [...app.store.users.value.values()]
    .filter((user) => !user.deactivated_at && user.id !== app.store.myId.value)
    .sort((a, b) => (a.display_name || a.username).localeCompare(b.display_name || b.username)),
);
const everyChannel = computed(() =>
  [...app.store.channels.value.values()]
    .filter((channel) => channel.name && !channel.archived_at && !isDirect(channel))
    .sort((a, b) => a.name!.localeCompare(b.name!)),
);

function people(query: string, channelId: string): Option[] {
  const members = membersOf(channelId);
  const found = everyPerson.value.map<Candidate<Option>>((user) => ({
    value: { key: user.id, insert: `@${user.username}`, label: user.display_name || user.username, hint: `@${user.username}`, picture: { person: user.id } },
    words: [user.username, user.display_name.toLowerCase()],
    near: members.has(user.id),
  }));
  const channel = app.store.channels.value.get(channelId);
  const calls = channel && isDirect(channel) ? [] : Object.entries(texts.completion.everyone);
  for (const [call, hint] of calls) {
    const value: Option = { key: call, insert: `@${call}`, label: `@${call}`, hint, picture: { icon: "people" } };
    found.push({ value, words: [call], near: true });
  }
  return rank(found, query, MOST);
}

/** Who is in the channel, as far as that is known: its members, or those who wrote lately. */
function membersOf(channelId: string): ReadonlySet<string> {
  const window = app.store.windows.value.get(channelId);
  const present = [...(window?.members?.values() ?? [])].filter((member) => !member.left_at).map((member) => member.user_id);
  const direct = app.store.channels.value.get(channelId)?.user_ids ?? [];
  return new Set([...present, ...direct, ...(window?.members ? [] : (window?.messages ?? []).map((message) => message.user_id))]);
}

function wantMembers(channelId: string): void {
  const window = app.store.windows.value.get(channelId);
  // Without them, those who wrote lately come first.
  if (window && !window.members) app.sync.members(channelId).catch(() => {});
}

function channels(query: string): Option[] {
  const found = everyChannel.value.map<Candidate<Option>>((channel) => ({
    value: { key: channel.id, insert: `#${channel.name}`, label: channel.name!, hint: channel.topic, picture: { icon: channel.kind === "private" ? "lock" : "hash" } },
    words: [channel.name!.toLowerCase()],
    near: isMine(channel),
  }));
  return rank(found, query, MOST);
}

/** What is put into the text is the emoji itself, which every other program can show. */
function emoji(query: string): Option[] {
  const found = emojis.value?.find(query, recent.value, MOST) ?? [];
  return found.map((emoji) => ({
    key: emoji.text,
    insert: toned(emoji),
    label: `:${emoji.codes[0]}:`,
    hint: emoji.name,
    picture: { emoji: toned(emoji) },
  }));
}
