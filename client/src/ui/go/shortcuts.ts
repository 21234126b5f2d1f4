// What keys do anywhere in the app: one table, from which pressing and the list of shortcuts are made.
import { signal } from "@preact/signals";
import { app } from "../../app";
import { pressed } from "../../lib/keys";
import { channelPath } from "../../lib/paths";
import { navigate, route } from "../../routes";
import { texts } from "../../texts";
import { neighbour } from "./channels";

export interface Shortcut {
  /** Any of these, each written as "mod+shift+k"; "mod" is ⌘ on a Mac and Ctrl elsewhere. */
  keys: readonly string[];
  words: string;
  /** Without it the key belongs to some field, and only stands in the list. */
  run?(): void;
}

/** What is open above the page. */
export const panel = signal<"switcher" | "shortcuts" | null>(null);

const toggle = (name: "switcher" | "shortcuts") => () => void (panel.value = panel.value === name ? null : name);

const words = texts.shortcuts;

export const shortcuts: readonly Shortcut[] = [
  { keys: ["mod+k"], words: words.goTo, run: toggle("switcher") },
  { keys: ["alt+arrowdown"], words: words.nextChannel, run: () => move(1) },
  { keys: ["alt+arrowup"], words: words.previousChannel, run: () => move(-1) },
  { keys: ["alt+shift+arrowdown"], words: words.nextUnread, run: () => move(1, true) },
  { keys: ["alt+shift+arrowup"], words: words.previousUnread, run: () => move(-1, true) },
  { keys: ["shift+escape"], words: words.readAll, run: () => void app.reading.readAll() },
  { keys: ["enter"], words: words.send },
  { keys: ["shift+enter"], words: words.newLine },
  { keys: ["arrowup"], words: words.editLast },
  { keys: ["escape"], words: words.toNewest },
  { keys: ["arrowup", "arrowdown"], words: words.messages },
  { keys: ["r"], words: words.onMessage(texts.message.react) },
  { keys: ["t"], words: words.onMessage(texts.message.reply) },
  { keys: ["e"], words: words.onMessage(texts.message.edit) },
  { keys: ["delete"], words: words.onMessage(texts.message.delete) },
  { keys: ["u"], words: words.onMessage(texts.message.markUnread) },
  { keys: ["l"], words: words.onMessage(texts.message.copyLink) },
  { keys: ["?", "mod+/"], words: words.help, run: toggle("shortcuts") },
];

function move(step: 1 | -1, unreadOnly = false): void {
  const here = route.value.name === "channel" ? route.value.id : null;
  const next = neighbour(here, step, unreadOnly);
  if (next) navigate(channelPath(next.id));
}

export function startShortcuts(): () => void {
  addEventListener("keydown", onKeyDown);
  return () => removeEventListener("keydown", onKeyDown);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.repeat && event.key === "Escape") return;
  if (panel.value === null && document.querySelector("dialog[open]")) return;
  const combination = pressed(event);
  const shortcut = shortcuts.find(({ keys, run }) => run && keys.includes(combination));
  if (!shortcut || ([...combination].length === 1 && isWriting(event.target))) return;
  event.preventDefault();
  shortcut.run!();
}

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
