// What is there before the app knows who is signed in: nothing for a moment, and a word where the server is not heard.
import { signal } from "@preact/signals";
import { texts } from "../../texts";
import { MenuButton } from "./MenuButton";

/** Set while the server could not be asked: tries again at once. */
export const startAgain = signal<(() => void) | null>(null);

export function Starting() {
  const words = texts.starting;
  if (!startAgain.value) return null;
  return (
    <>
      <header class="head">
        <MenuButton />
      </header>
      <div class="missing" role="alert">
        <h1>{words.unreachable}</h1>
        <p>{words.explain}</p>
        <button type="button" class="button button--primary" onClick={startAgain.value}>
          {words.retry}
        </button>
      </div>
    </>
  );
}
