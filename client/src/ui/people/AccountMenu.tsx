// The button with one's own name, and what it opens: the account, the preferences, signing out.
import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import type { User } from "../../wire";
import { Avatar } from "../basics/Avatar";
import { Icon } from "../basics/icons";
import { Account, Preferences } from "../basics/lazy";
import { personName } from "./names";
import { SignOut } from "./SignOut";

export function AccountMenu({ me }: { me: User }) {
  const words = texts.account;
  const name = personName(me.id);
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const expanded = useSignal(false);
  const dialog = useSignal<"account" | "preferences" | null>(null);
  const close = () => (dialog.value = null);
  const open = (which: "account" | "preferences") => () => {
    // Focus is back on the button before the dialog remembers where it came from.
    menu.current?.hidePopover();
    dialog.value = which;
  };
  const onToggle = (event: { newState: string }) => (expanded.value = event.newState === "open");
  return (
    <>
      <button type="button" class="sidebar__account" popoverTarget={id} aria-haspopup="dialog" aria-expanded={expanded.value} aria-label={words.menu(name)}>
        <Avatar id={me.id} name={name} />
        <span class="sidebar__me">{name}</span>
        <span class={app.store.ready.value ? "dot dot--live" : "dot"} aria-hidden="true" />
      </button>
      <div class="menu" id={id} ref={menu} popover="auto" role="dialog" aria-label={words.title} onToggle={onToggle}>
        <p class="menu__head">
          <b>{name}</b>
          <small>@{me.username}</small>
        </p>
        <button type="button" class="menu__item" autofocus onClick={open("account")}>
          <Icon name="person" />
          {words.open}
        </button>
        <button type="button" class="menu__item" onClick={open("preferences")}>
          <Icon name="sliders" />
          {words.preferences}
        </button>
        <SignOut />
      </div>
      {dialog.value === "account" && <Account onClose={close} />}
      {dialog.value === "preferences" && <Preferences onClose={close} />}
    </>
  );
}
