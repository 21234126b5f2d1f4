// How one writes bold, lists and code: examples, and what becomes of them.
import { useSignal } from "@preact/signals";
import { texts } from "../texts";
import { Dialog } from "./Dialog";
import { Icon } from "./icons";
import { Text } from "./Text";
import { isMac } from "./WriteField";

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

function Formatting({ onClose }: { onClose(): void }) {
  const words = texts.formatting;
  return (
    <Dialog title={words.title} onClose={onClose}>
      <table class="formatting">
        <thead>
          <tr>
            <th scope="col">{words.write}</th>
            <th scope="col">{words.see}</th>
          </tr>
        </thead>
        <tbody>
          {words.examples.map(([example, key]) => (
            <tr key={example}>
              <td>
                <code>{example}</code>
                {key && <kbd>{shortcut(key)}</kbd>}
              </td>
              <td>
                <Text text={example} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="form__lead">{words.names}</p>
    </Dialog>
  );
}

const shortcut = (key: string): string => (isMac() ? `⌘ ${key.replace("Shift", "⇧")}` : `Ctrl ${key}`);
