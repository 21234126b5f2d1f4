// The frame of the app: the channel list, the connection's state, and what is open.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { app } from "../../app";
import { readLast } from "../../drafts";
import { channelPath } from "../../lib/paths";
import { navigate, route, visits } from "../../routes";
import { isMine } from "../../state/world";
import { texts } from "../../texts";
import { Announcer } from "./Announcer";
import { arrive } from "./arrival";
import { Browse } from "../channel/Browse";
import { inOrder } from "../go/channels";
import { ChannelView } from "../channel/ChannelView";
import { useDrawer } from "./drawer";
import { Icon } from "../basics/icons";
import { bringPanels, CreateChannel, ShortcutList } from "../basics/lazy";
import { MenuButton } from "./MenuButton";
import { NotificationHint } from "../people/NotificationSettings";
import { People } from "../people/People";
import { panel, startShortcuts } from "../go/shortcuts";
import { Sidebar } from "./Sidebar";
import { Starting } from "./Starting";
import { Status } from "./Status";
import { Switcher } from "../go/Switcher";
import { place } from "./title";
import { workspace } from "./workspace";

export function Shell() {
  const drawer = useDrawer();
  useEffect(startShortcuts, []);
  useEffect(bringPanels, []);
  useArrival();
  return (
    <div class={drawer.open ? "shell shell--drawer" : "shell"} ref={drawer.ref}>
      <a class="skip" href="#main">
        {texts.skip}
      </a>
      <Sidebar onGo={drawer.close} />
      <button type="button" class="shell__shade" aria-label={texts.sidebar.close} tabIndex={drawer.open ? 0 : -1} onClick={drawer.close}>
        <Icon name="close" />
      </button>
      <main class="main" id="main" tabIndex={-1} inert={drawer.open}>
        <Status />
        {app.started.value && <NotificationHint />}
        {app.started.value ? <Page /> : <Starting />}
        <Announcer />
      </main>
      {panel.value === "switcher" && <Switcher onClose={closePanel} />}
      {panel.value === "shortcuts" && <ShortcutList onClose={closePanel} />}
    </div>
  );
}

const closePanel = (): void => void (panel.value = null);

/** At another place the focus is there too, so that keyboard and screen reader go on from it. */
function useArrival(): void {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) arrive();
    first.current = false;
  }, [route.value, visits.value]);
}

function Page() {
  const here = route.value;
  if (here.name === "channel") return <ChannelView {...here} />;
  if (here.name === "browse") return <Browse />;
  if (here.name === "people") return <People />;
  if (here.name === "home") return <Home />;
  return (
    <>
      <header class="head">
        <MenuButton />
      </header>
      <div class="missing">
        <h1>{texts.unknownPage}</h1>
        <p>{texts.unknownPageHint}</p>
        <a class="button" href="/" data-route>{texts.channel.toHome}</a>
      </div>
    </>
  );
}

/** Where one was last, or the first channel; without any, how to get into one. */
function Home() {
  const ready = app.store.ready.value;
  const world = app.store.world.value;
  const last = readLast(world.me);
  const id = last && isMine(world.channels.get(last)) ? last : inOrder.value[0]?.id;
  useEffect(() => {
    if (ready && id) navigate(channelPath(id), { replace: true });
  }, [ready, id]);
  return (
    <>
      <header class="head">
        <MenuButton />
      </header>
      {ready && !id && <Welcome />}
    </>
  );
}

function Welcome() {
  const words = texts.home;
  const creating = useSignal(false);
  useEffect(() => void (place.value = ""), []);
  return (
    <div class="missing">
      <h1>{words.title(workspace())}</h1>
      <p>{words.explain}</p>
      <div class="missing__actions">
        <a class="button button--primary" href="/browse" data-route>{words.find}</a>
        <button type="button" class="button" onClick={() => (creating.value = true)}>
          {words.create}
        </button>
      </div>
      {creating.value && <CreateChannel onClose={() => (creating.value = false)} />}
    </div>
  );
}
