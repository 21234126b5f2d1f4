// The public channels: find one, look at it, join it, or make a new one.
import { useEffect, useState } from "preact/hooks";
import { app } from "../../app";
import { channelPath } from "../../lib/paths";
import { collator, fold } from "../../lib/rank";
import { navigate, visits } from "../../routes";
import { isMine } from "../../state/world";
import { texts } from "../../texts";
import type { Channel } from "../../wire";
import { Alert } from "../basics/Alert";
import { CreateChannel } from "./CreateChannel";
import { Field } from "../basics/Field";
import { Icon } from "../basics/icons";
import { MenuButton } from "../frame/MenuButton";
import { useTask } from "../basics/task";
import { place } from "../frame/title";

const REFRESH_MS = 15_000;

export function Browse() {
  const words = texts.browse;
  const [search, setSearch] = useState("");
  const [loaded, setLoaded] = useState(false);
  const [creating, setCreating] = useState(false);
  const load = useTask();
  useEffect(() => void (place.value = words.title), []);
  const ready = app.store.ready.value;
  const ask = async () => {
    if (await load.run(() => app.sync.list())) setLoaded(true);
  };
  useEffect(() => {
    if (!ready) return;
    // Nobody is told of channels that others make.
    const timer = setInterval(() => void app.sync.list().catch(() => {}), REFRESH_MS);
    void ask();
    return () => clearInterval(timer);
  }, [ready, visits.value]);
  const wanted = fold(search);
  const all = [...app.store.channels.value.values()].filter((channel) => channel.kind === "public" && !channel.archived_at);
  const channels = all
    .filter((channel) => fold(`${channel.name} ${channel.topic}`).includes(wanted))
    .sort((a, b) => collator.compare(a.name ?? "", b.name ?? ""));
  return (
    <>
      <header class="head">
        <MenuButton />
        <h1 class="head__name">
          <span class="head__title">{words.title}</span>
        </h1>
        <button type="button" class="button head__end" onClick={() => setCreating(true)}>
          <Icon name="plus" />
          {words.create}
        </button>
      </header>
      <div class="browse">
        <Field label={words.search} value={search} onValue={setSearch} type="search" />
        <Alert text={load.error}>
          <button type="button" class="button" onClick={() => void ask()}>
            {words.tryAgain}
          </button>
        </Alert>
        {!loaded && !load.error && !all.length && <p class="browse__note">{words.loading}</p>}
        {loaded && <p class="browse__note">{channels.length ? words.count(channels.length) : all.length ? words.noMatch : words.none}</p>}
        <ul class="browse__list">
          {channels.map((channel) => (
            <Row key={channel.id} channel={channel} />
          ))}
        </ul>
      </div>
      {creating && <CreateChannel onClose={() => setCreating(false)} />}
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
          {mine && <span class="mark">{words.joined}</span>}
        </b>
        {channel.topic && <span>{channel.topic}</span>}
        <Alert text={task.error} />
      </div>
      <button type="button" class="button" aria-label={words.openNamed(name)} onClick={() => navigate(channelPath(channel.id))}>
        {words.open}
      </button>
      {!mine && (
        <button type="button" class="button button--primary" aria-label={words.joinNamed(name)} disabled={task.busy} onClick={() => task.run(() => app.join(channel))}>
          {words.join}
        </button>
      )}
    </li>
  );
}
