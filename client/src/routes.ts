// Where in the app one is: the address is the truth, so reload, back and forward just work.
import { computed, signal } from "@preact/signals";
import { parse } from "./lib/paths";

const path = signal(location.pathname);

export const route = computed(() => parse(path.value));

/** Counts up with every visit, also where one is already: what is shown may be refreshed. */
export const visits = signal(0);

export function navigate(to: string, { replace = false } = {}): void {
  visits.value++;
  if (to === path.value) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  path.value = location.pathname;
}

/** Links of the app change the address without loading the page again; modified clicks are the browser's. */
function onClick(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented || link.target || link.origin !== location.origin) return;
  if (!link.hasAttribute("data-route")) return;
  event.preventDefault();
  navigate(link.pathname);
}

export function startRouting(): void {
  addEventListener("popstate", () => (path.value = location.pathname));
  document.addEventListener("click", onClick);
}
