// The channels and conversations one is in, with what is unread in them, and the ways to everything else.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { app } from "../../app";
import { channelPath } from "../../lib/paths";
import { route } from "../../routes";
import { texts } from "../../texts";
import { isDirect, type Channel } from "../../wire";
import { AccountMenu } from "../people/AccountMenu";
import { Avatar } from "../basics/Avatar";
import { Badge } from "./Badge";
import { attentionOf, directs, rooms, type Attention } from "../go/channels";
import { Icon } from "../basics/icons";
import { memo } from "../log/memo";
import { channelName, otherOf } from "../people/names";
import { OutOfSight } from "./OutOfSight";
import { Keys } from "../go/Keys";
import { CreateChannel, NewDirect } from "../basics/lazy";
import { panel } from "../go/shortcuts";
import { workspace } from "./workspace";

export function Sidebar({ onGo }: { onGo(): void }) {
  const words = texts.sidebar;
  const dialog = useSignal<"channel" | "direct" | null>(null);
  const close = () => (dialog.value = null);
  const me = app.store.me.value;
  const onSwitch = () => {
    onGo();
    panel.value = "switcher";
  };
  return (
    <aside class="sidebar">
      <header class="sidebar__head">
        <strong class="sidebar__workspace">{workspace()}</strong>
        <button type="button" class="sidebar__switch" title={texts.switcher.open} aria-haspopup="dialog" onClick={onSwitch}>
          <Icon name="search" />
          <span class="sidebar__name">{texts.switcher.short}</span>
          <span aria-hidden="true">
            <Keys keys="mod+k" />
          </span>
        </button>
      </header>
      <OutOfSight onClick={(event) => (event.target as Element).closest("a") && onGo()}>
        <nav aria-label={words.nav}>
          <Section title={words.channels} add={words.create} icon="plus" onAdd={() => (dialog.value = "channel")}>
            {rooms.value.map((channel) => (
              <ChannelLink key={channel.id} channel={channel} />
            ))}
            {!rooms.value.length && app.store.ready.value && <li class="sidebar__empty">{words.noChannels}</li>}
          </Section>
          <Section title={words.directs} add={words.newMessage} icon="compose" onAdd={() => (dialog.value = "direct")}>
            {directs.value.map((channel) => (
              <ChannelLink key={channel.id} channel={channel} />
            ))}
          </Section>
        </nav>
        <PageLink to="browse" icon="compass" />
        <PageLink to="people" icon="people" />
      </OutOfSight>
      {me && (
        <div class="sidebar__foot">
          <AccountMenu me={me} />
          <button type="button" class="button button--icon" aria-label={texts.shortcuts.title} title={texts.shortcuts.title} onClick={() => (panel.value = "shortcuts")}>
            <Icon name="keyboard" />
          </button>
        </div>
      )}
      {dialog.value === "channel" && <CreateChannel onClose={close} />}
      {dialog.value === "direct" && <NewDirect onClose={close} />}
    </aside>
  );
}

function PageLink({ to, icon }: { to: "browse" | "people"; icon: "compass" | "people" }) {
  return (
    <a class="sidebar__link" href={`/${to}`} data-route aria-current={route.value.name === to ? "page" : undefined}>
      <Icon name={icon} />
      <span>{texts.sidebar[to]}</span>
    </a>
  );
}

interface SectionProps {
  title: string;
  add: string;
  icon: "plus" | "compose";
  onAdd(): void;
  children: preact.ComponentChildren;
}

function Section({ title, add, icon, onAdd, children }: SectionProps) {
  return (
    <section class="sidebar__section">
      <div class="sidebar__title">
        <h2>{title}</h2>
        <button type="button" class="button button--icon button--small" aria-label={add} title={add} onClick={onAdd}>
          <Icon name={icon} />
        </button>
      </div>
      <ul>{children}</ul>
    </section>
  );
}

// Much is told that changes nothing in most of these rows.
const ChannelLink = memo(({ channel }: { channel: Channel }) => {
  const row = useRef<HTMLAnchorElement>(null);
  const attention = useAttention(channel);
  const here = useComputed(() => route.value.name === "channel" && route.value.id === channel.id).value;
  useEffect(() => void (here && row.current?.scrollIntoView({ block: "nearest" })), [here]);
  const name = channelName(channel);
  const { unread, mentions, muted } = attention;
  const label = texts.sidebar.badge(name, unread, mentions);
  return (
    <li>
      <a
        ref={row}
        class={muted ? "sidebar__link sidebar__link--muted" : unread ? "sidebar__link sidebar__link--unread" : "sidebar__link"}
        href={channelPath(channel.id)}
        data-route
        aria-current={here ? "page" : undefined}
        aria-label={muted ? `${label}, ${texts.notify.muted}` : label}
      >
        {isDirect(channel) ? <Avatar id={otherOf(channel)} name={name} /> : <Icon name={channel.kind === "private" ? "lock" : "hash"} />}
        <span class="sidebar__name">{name}</span>
        {muted && <Icon name="bellOff" />}
        <Badge {...attention} />
      </a>
    </li>
  );
});

/** Draws the row again only when it says something else. */
function useAttention(channel: Channel): Attention {
  const said = useComputed(() => JSON.stringify(attentionOf(channel)));
  return JSON.parse(said.value) as Attention;
}
