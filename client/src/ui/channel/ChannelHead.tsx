// The head of an open channel: what it is called and about, and the way to everything else about it.
import { useSignal } from "@preact/signals";
import { isMuted } from "../../notifications";
import { texts } from "../../texts";
import { isDirect, type Channel } from "../../wire";
import type { Page } from "./ChannelDetails";
import { Icon } from "../basics/icons";
import { ChannelDetails } from "../basics/lazy";
import { MenuButton } from "../frame/MenuButton";
import { channelName } from "../people/names";

export function ChannelHead({ channel }: { channel: Channel }) {
  const words = texts.details;
  const open = useSignal<Page | null>(null);
  const name = channelName(channel);
  return (
    <header class="head">
      <MenuButton />
      <div class="head__about">
        <h1 class="head__name">
          {!isDirect(channel) && <Icon name={channel.kind === "private" ? "lock" : "hash"} />}
          <span class="head__title">{name}</span>
          {isMuted(channel.id) && <Icon name="bellOff" />}
        </h1>
        {channel.topic && (
          <p class="head__topic" title={channel.topic}>
            {channel.topic}
          </p>
        )}
      </div>
      <button type="button" class="button button--quiet" aria-label={texts.channel.members} aria-haspopup="dialog" onClick={() => (open.value = "members")}>
        <Icon name="people" />
        <span class="head__label">{texts.channel.members}</span>
      </button>
      <button type="button" class="button button--icon" aria-label={words.open} title={words.open} aria-haspopup="dialog" onClick={() => (open.value = "about")}>
        <Icon name="info" />
      </button>
      {open.value && <ChannelDetails channel={channel} page={open.value} onPage={(page) => (open.value = page)} onClose={() => (open.value = null)} />}
    </header>
  );
}
