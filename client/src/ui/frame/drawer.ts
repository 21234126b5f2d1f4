// The channel list on a narrow screen: a drawer above the page. While it is open, nothing else can be reached.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { route } from "../../routes";
import { drawerOpen } from "./MenuButton";

const narrow = matchMedia("(max-width: 44rem)");
const close = (): void => void (drawerOpen.value = false);

/** Moves the focus into the drawer and back, and closes it on Escape, at another place, and on a wider screen. */
export function useDrawer() {
  const open = drawerOpen.value;
  const sidebar = useRef<HTMLDivElement>(null);
  useEffect(close, [route.value]);
  useEffect(() => {
    narrow.addEventListener("change", close);
    return () => narrow.removeEventListener("change", close);
  }, []);
  useLayoutEffect(() => {
    if (!open) return;
    const opener = document.activeElement as HTMLElement | null;
    const within = sidebar.current?.querySelector(".sidebar");
    (within?.querySelector<HTMLElement>("a[aria-current]") ?? within?.querySelector<HTMLElement>("a, button"))?.focus();
    const onKeyDown = (event: KeyboardEvent) => {
      // A dialog or a menu above it closes first.
      if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) close();
    };
    addEventListener("keydown", onKeyDown);
    return () => {
      removeEventListener("keydown", onKeyDown);
      // Only now can the page behind it be reached again.
      requestAnimationFrame(() => {
        const here = document.activeElement;
        if (here === document.body || sidebar.current?.querySelector(".sidebar")?.contains(here)) opener?.focus();
      });
    };
  }, [open]);
  return { open, close, ref: sidebar };
}
