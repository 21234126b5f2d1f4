// Where the focus goes when one gets to another place in the app: to where one writes, or to the heading.

const canHover = matchMedia("(hover: hover)");

export function arrive(): void {
  const main = document.getElementById("main");
  if (!main || document.querySelector("dialog[open]")) return;
  // On a phone the keyboard would cover what one came to read.
  const composer = canHover.matches && main.querySelector<HTMLElement>("#composer");
  if (composer) return composer.focus({ preventScroll: true });
  const heading = main.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  (heading ?? main).focus({ preventScroll: true });
}
