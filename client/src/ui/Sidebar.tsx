// The channels and conversations one is in, with what is unread in them.
import { useSignal } from "@preact/signals";
import { app } from "../app";
import { channelPath } from "../lib/paths";
import { route } from "../routes";
import { badge, myChannels } from "../state/world";
import { texts } from "../texts";
import type { Channel } from "../wire";
import { AccountMenu } from "./AccountMenu";
import { Avatar } from "./Avatar";
import { CreateChannel } from "./CreateChannel";
import { Icon } from "./icons";
import { channelName } from "./names";
import { NewDirect } from "./NewDirect";
import { workspace } from "./workspace";

export function Sidebar({ onGo }: { onGo(): void }) {
  const words = texts.sidebar;
  const dialog = useSignal<"channel" | "direct" | null>(null);
  const close = () => (dialog.value = null);
  const { rooms, directs } = myChannels(app.store.world.value);
  const me = app.store.me.value;
  return (
    <aside class="sidebar">
      <header class="sidebar__head">
        <strong class="sidebar__workspace">{workspace()}</strong>
      </header>
      <div class="sidebar__scroll" onClick={(event) => (event.target as Element).closest("a") && onGo()}>
        <nav aria-label={words.nav}>
          <Section title={words.channels} add={words.create} icon="plus" onAdd={() => (dialog.value = "channel")}>
            {rooms.map((channel) => (
              <ChannelLink key={channel.id} channel={channel} />
            ))}
            {!rooms.length && app.store.ready.value && <li class="sidebar__empty">{words.noChannels}</li>}
          </Section>
          <Section title={words.directs} add={words.newMessage} icon="compose" onAdd={() => (dialog.value = "direct")}>
            {directs.map((channel) => (
              <ChannelLink key={channel.id} channel={channel} />
            ))}
          </Section>
        </nav>
        <a class="sidebar__link sidebar__browse" href="/browse" data-route aria-current={route.value.name === "browse" ? "page" : undefined}>
          <Icon name="compass" />
          <span>{words.browse}</span>
        </a>
      </div>
      {me && <AccountMenu me={me} />}
      {dialog.value === "channel" && <CreateChannel onClose={close} />}
      {dialog.value === "direct" && <NewDirect onClose={close} />}
    </aside>
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

function ChannelLink({ channel }: { channel: Channel }) {
  const { world, marked } = app.store;
  const { unread, mentions } = badge(world.value, channel.id, marked.value.get(channel.id));
  const here = route.value.name === "channel" && route.value.id === channel.id;
  const name = channelName(channel);
  const direct = channel.kind === "dm" || channel.kind === "group_dm";
  return (
    <li>
      <a
        class={unread ? "sidebar__link sidebar__link--unread" : "sidebar__link"}
        href={channelPath(channel.id)}
        data-route
        aria-current={here ? "page" : undefined}
        aria-label={texts.sidebar.badge(name, unread, mentions)}
      >
        {direct ? <Avatar id={otherOf(channel)} name={name} /> : <Icon name={channel.kind === "private" ? "lock" : "hash"} />}
        <span class="sidebar__name">{name}</span>
        {unread > 0 && <span class={mentions || direct ? "badge badge--loud" : "badge"}>{unread > 99 ? "99+" : unread}</span>}
      </a>
    </li>
  );
}

const otherOf = (channel: Channel): string =>
  channel.user_ids?.find((id) => id !== app.store.myId.value) ?? channel.id;
