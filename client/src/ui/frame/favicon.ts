// The icon of the tab: with a dot while something waits for oneself.
import { effect } from "@preact/signals";
import { forMe } from "./title";

export function startFavicon(): void {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (!link) return;
  const plain = link.getAttribute("href") ?? "";
  effect(() => {
    const icon = forMe.value ? (link.dataset.mentioned ?? plain) : plain;
    if (link.getAttribute("href") !== icon) link.href = icon;
  });
}
