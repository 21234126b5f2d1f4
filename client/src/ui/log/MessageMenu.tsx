// Everything else that can be done with a message. One menu for the page, beside the button that asked for it, and what
// it leads to.
import type { TargetedKeyboardEvent } from "preact";
import { useRef } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import type { Message } from "../../wire";
import { actionsOf, history, menu, reactors } from "./actions";
import { Icon } from "../basics/icons";
import { Reactors, Revisions } from "../basics/lazy";
import { Popover } from "../basics/Popover";

export function MessageMenu() {
  const close = () => (history.value = reactors.value = null);
  if (history.value) return <Revisions message={history.value} onClose={close} />;
  if (reactors.value) return <Reactors message={reactors.value} onClose={close} />;
  return menu.value && <Menu key={menu.value.message.id} {...menu.value} />;
}

function Menu({ message, opener }: { message: Message; opener: HTMLElement }) {
  const channel = app.store.channels.value.get(message.channel_id);
  const box = useRef<HTMLDivElement>(null);
  const close = () => (menu.value = null);
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const items = [...event.currentTarget.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    items[next % items.length]!.focus();
  };
  return (
    <Popover box={box} opener={opener} first="button" role="menu" label={texts.message.more} class="menu" onClose={close} onKeyDown={onKeyDown}>
      {actionsOf(message, channel)
        .filter(({ more }) => more)
        .map(({ key, words, icon, run }) => (
          <button type="button" role="menuitem" class="menu__item" key={key} onClick={() => (opener.focus(), close(), run(opener))}>
            <Icon name={icon} />
            <span>{words}</span>
            <kbd aria-hidden="true">{key}</kbd>
          </button>
        ))}
    </Popover>
  );
}
