// The button that tells how one writes bold, lists and code.
import { useSignal } from "@preact/signals";
import { texts } from "../../texts";
import { Icon } from "../basics/icons";
import { Formatting } from "../basics/lazy";

export function FormattingButton() {
  const words = texts.formatting;
  const open = useSignal(false);
  return (
    <>
      <button type="button" class="button button--icon composer__tool" aria-label={words.title} title={words.title} aria-haspopup="dialog" onClick={() => (open.value = true)}>
        <Icon name="letters" />
      </button>
      {open.value && <Formatting onClose={() => (open.value = false)} />}
    </>
  );
}
