// Keeps the page above the keyboard of a phone. Most browsers make the page smaller themselves; Safari only covers it.

export function followKeyboard(): void {
  const seen = globalThis.visualViewport;
  seen?.addEventListener("resize", () => {
    const covered = seen.scale === 1 && seen.height < innerHeight - 1;
    document.documentElement.style.setProperty("--page", covered ? `${seen.height}px` : "");
    if (covered) scrollTo(0, 0);
  });
}
