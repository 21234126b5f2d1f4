// How one writes bold, lists and code: examples, and what becomes of them.
import { texts } from "../../texts";
import { Dialog } from "../basics/Dialog";
import { Text } from "../log/Text";
import { isMac } from "./WriteField";

export function Formatting({ onClose }: { onClose(): void }) {
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
