// Opens the channel list where the screen is too narrow to show it always.
import { signal } from "@preact/signals";
import { texts } from "../../texts";
import { Icon } from "../basics/icons";

export const drawerOpen = signal(false);

export function MenuButton() {
  return (
    <button
      type="button"
      class="button button--icon head__menu"
      aria-label={texts.sidebar.menu}
      aria-expanded={drawerOpen.value}
      onClick={() => (drawerOpen.value = true)}
    >
      <Icon name="menu" />
    </button>
  );
}
