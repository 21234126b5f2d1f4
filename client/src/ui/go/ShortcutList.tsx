// The list of keyboard shortcuts.
import { Fragment } from "preact";
import { texts } from "../../texts";
import { Dialog } from "../basics/Dialog";
import { Keys } from "./Keys";
import { shortcuts } from "./shortcuts";

export function ShortcutList({ onClose }: { onClose(): void }) {
  const words = texts.shortcuts;
  return (
    <Dialog title={words.title} onClose={onClose}>
      <dl class="keys">
        {shortcuts.map((shortcut) => (
          <div class="keys__row" key={shortcut.words}>
            <dt>{shortcut.words}</dt>
            <dd>
              {shortcut.keys.map((keys, at) => (
                <Fragment key={keys}>
                  {at > 0 && ` ${words.or} `}
                  <Keys keys={keys} />
                </Fragment>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
