// The public channels: find one, look at it, join it.
import { useEffect, useState } from "preact/hooks";
import { app } from "../app";
import { channelPath } from "../lib/paths";
import { navigate, visits } from "../routes";
import { isMine } from "../state/world";
import { texts } from "../texts";
import type { Channel } from "../wire";
import { Alert } from "./Alert";
import { Field } from "./Field";
import { Icon } from "./icons";
import { MenuButton } from "./MenuButton";
import { useTask } from "./task";
import { place } from "./title";

const REFRESH_MS = 15_000;

export function Browse() {
  const words = texts.browse;
  const [search, setSearch] = useState("");
  const load = useTask();
  useEffect(() => void (place.value = words.title), []);
  const ready = app.store.ready.value;
  useEffect(() => {
    if (!ready) return;
    // Nobody is told of channels that others make.
    const timer = setInterval(() => void app.sync.list().catch(() => {}), REFRESH_MS);
    void load.run(() => app.sync.list());
    return () => clearInterval(timer);
  }, [ready, visits.value]);
  const wanted = search.trim().toLowerCase();
  const channels = [...app.store.channels.value.values()]
    .filter((channel) => channel.kind === "public" && !channel.archived_at)
    .filter((channel) => `${channel.name} ${channel.topic}`.toLowerCase().includes(wanted))
    .sort((a, b) => (a.name ?? "").localeCompare(b.name ?? ""));
  return (
    <>
      <header class="head">
        <MenuButton />
        <h1 class="head__name">{words.title}</h1>
      </header>
      <div class="browse">
        <Field label={words.search} value={search} onValue={setSearch} type="search" />
        <Alert text={load.error} />
        <ul class="browse__list">
          {channels.map((channel) => (
            <Row key={channel.id} channel={channel} />
          ))}
        </ul>
        {!channels.length && !load.busy && <p class="browse__none">{words.none}</p>}
      </div>
    </>
  );
}

function Row({ channel }: { channel: Channel }) {
  const words = texts.browse;
  const task = useTask();
  const mine = isMine(channel);
  const name = channel.name ?? "";
  return (
    <li class="browse__row">
      <div class="browse__about">
        <b>
          <Icon name="hash" />
          {name}
        </b>
        {channel.topic && <span>{channel.topic}</span>}
        <Alert text={task.error} />
      </div>
      <button type="button" class="button" aria-label={words.openNamed(name)} onClick={() => navigate(channelPath(channel.id))}>
        {words.open}
      </button>
      {mine ? (
        <span class="browse__joined">{words.joined}</span>
      ) : (
        <button type="button" class="button button--primary" aria-label={words.joinNamed(name)} disabled={task.busy} onClick={() => task.run(() => app.join(channel))}>
          {words.join}
        </button>
      )}
    </li>
  );
}
