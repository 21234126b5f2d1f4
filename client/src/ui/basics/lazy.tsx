// The panels, for those who show them: drawn once they are there.
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Later } from "../../lib/later";

type Panels = typeof import("./panels");

const panels = new Later(() => import("./panels"));

/** Once the page stands, so that a panel opens at once, also without a connection. */
export const bringPanels = (): void => void setTimeout(() => panels.want(), 1_000);

function lazy<Name extends keyof Panels>(name: Name): Panels[Name] {
  function Lazy(props: object) {
    useEffect(() => panels.want(), []);
    const Panel = panels.value?.[name] as ComponentType<object> | undefined;
    return Panel ? <Panel {...props} /> : null;
  }
  return Lazy as unknown as Panels[Name];
}

export const Account = lazy("Account");
export const ChannelDetails = lazy("ChannelDetails");
export const CreateChannel = lazy("CreateChannel");
export const Formatting = lazy("Formatting");
export const NewDirect = lazy("NewDirect");
export const Preferences = lazy("Preferences");
export const Reactors = lazy("Reactors");
export const Revisions = lazy("Revisions");
export const ShortcutList = lazy("ShortcutList");
