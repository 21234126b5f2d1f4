// Runs before the first paint, alone: the page's policy allows no script inside the page.
// The chosen look is on <html> before anything is drawn (client/src/look.ts keeps it there); and where the app's own
// script cannot be loaded, the page says so.
for (const name of ["theme", "density"]) {
  try {
    const chosen = JSON.parse(localStorage.getItem(`parley.pref.${name}`));
    if (typeof chosen === "string") document.documentElement.dataset[name] = chosen;
  } catch {
    // Storage is switched off: as the system has it.
  }
}
addEventListener(
  "error",
  (event) => {
    if (event.target instanceof HTMLScriptElement) document.getElementById("broken").hidden = false;
  },
  true,
);
