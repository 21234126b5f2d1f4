// The frame of the app: the channel list, the connection's state, and what is open.
import { useEffect } from "preact/hooks";
import { app } from "../app";
import { readLast } from "../drafts";
import { channelPath } from "../lib/paths";
import { navigate, route, visits } from "../routes";
import { isMine } from "../state/world";
import { texts } from "../texts";
import { Browse } from "./Browse";
import { inOrder } from "./channels";
import { ChannelView } from "./ChannelView";
import { Icon } from "./icons";
import { drawerOpen, MenuButton } from "./MenuButton";
import { NotificationHint } from "./NotificationSettings";
import { People } from "./People";
import { panel, startShortcuts } from "./shortcuts";
import { ShortcutList } from "./ShortcutList";
import { Sidebar } from "./Sidebar";
import { Status } from "./Status";
import { Switcher } from "./Switcher";

export function Shell() {
  const close = () => (drawerOpen.value = false);
  useEffect(startShortcuts, []);
  useEffect(() => void close(), [visits.value]);
  return (
    <div class={drawerOpen.value ? "shell shell--drawer" : "shell"}>
      <a class="skip" href="#main">
        {texts.skip}
      </a>
      <Sidebar onGo={close} />
      <button type="button" class="shell__shade" aria-label={texts.sidebar.close} tabIndex={drawerOpen.value ? 0 : -1} onClick={close}>
        <Icon name="close" />
      </button>
      <main class="main" id="main" tabIndex={-1}>
        <Status />
        {app.started.value && <NotificationHint />}
        {app.started.value && <Page />}
      </main>
      {panel.value === "switcher" && <Switcher onClose={closePanel} />}
      {panel.value === "shortcuts" && <ShortcutList onClose={closePanel} />}
    </div>
  );
}

const closePanel = (): void => void (panel.value = null);

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
        <p>{texts.unknownPage}</p>
        <a href="/" data-route>{texts.channel.toHome}</a>
      </div>
    </>
  );
}

/** Where one was last, or the first channel; without any, where to find one. */
function Home() {
  const ready = app.store.ready.value;
  useEffect(() => {
    if (!ready) return;
    const world = app.store.world.value;
    const last = readLast(world.me);
    const id = last && isMine(world.channels.get(last)) ? last : inOrder.value[0]?.id;
    navigate(id ? channelPath(id) : "/browse", { replace: true });
  }, [ready]);
  return (
    <header class="head">
      <MenuButton />
    </header>
  );
}
