// The theme and the density someone chose, written on <html> for the style sheets.
// static/early.js has done so once before the first paint; from then on they follow the choice.
import { effect } from "@preact/signals";
import { oneOf, preference } from "./prefs";

export const THEMES = ["system", "light", "dark"] as const;
export const DENSITIES = ["comfortable", "compact"] as const;
export type Theme = (typeof THEMES)[number];
export type Density = (typeof DENSITIES)[number];

export const theme = preference<Theme>("theme", "system", oneOf(...THEMES));
export const density = preference<Density>("density", "comfortable", oneOf(...DENSITIES));

export function startLook(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    colourBrowser(theme.value);
  });
  effect(() => void (document.documentElement.dataset.density = density.value));
}

/** The browser's own bars: of the two colours in the page's head, the chosen one counts, or the system's. */
function colourBrowser(chosen: Theme): void {
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const { scheme } = meta.dataset;
    meta.media = chosen === "system" ? `(prefers-color-scheme: ${scheme})` : chosen === scheme ? "all" : "not all";
  }
}
