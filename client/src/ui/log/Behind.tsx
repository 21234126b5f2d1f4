// What stands behind a message: its earlier texts, and who reacted to it. Asked for when someone wants to see.
import { useEffect, useState } from "preact/hooks";
import { app } from "../../app";
import { shortTime } from "../../lib/time";
import { texts } from "../../texts";
import type { Message, Revision } from "../../wire";
import { Alert } from "../basics/Alert";
import { Avatar } from "../basics/Avatar";
import { Dialog } from "../basics/Dialog";
import { personName } from "../people/names";
import { useTask } from "../basics/task";
import { Text } from "./Text";

export function Revisions({ message, onClose }: { message: Message; onClose(): void }) {
  const words = texts.revisions;
  const [earlier, setEarlier] = useState<Revision[] | null>(null);
  const task = useTask();
  const load = async () => setEarlier((await app.api.get<{ revisions: Revision[] }>(`/messages/${encodeURIComponent(message.id)}/revisions`)).revisions);
  useEffect(() => void task.run(load), []);
  return (
    <Dialog title={words.title} onClose={onClose}>
      <ol class="revisions">
        <li>
          <p class="revisions__when">{words.now(shortTime(message.edited_at ?? message.created_at))}</p>
          <Text text={message.text} />
        </li>
        {[...(earlier ?? [])].reverse().map(({ rev, text, replaced_at }) => (
          <li key={rev}>
            <p class="revisions__when">{words.until(shortTime(replaced_at))}</p>
            <Text text={text} />
          </li>
        ))}
      </ol>
      {task.busy && <p class="form__lead">{texts.channel.loading}</p>}
      <Alert text={task.error} />
    </Dialog>
  );
}

export function Reactors({ message, onClose }: { message: Message; onClose(): void }) {
  return (
    <Dialog title={texts.message.whoReacted} onClose={onClose}>
      {message.reactions.map(({ emoji, count, user_ids }) => (
        <section class="reactors" key={emoji}>
          <h3>
            {emoji} <span>{count}</span>
          </h3>
          <ul class="people">
            {user_ids.map((id) => (
              <li class="people__row" key={id}>
                <Avatar id={id} name={personName(id)} />
                <span class="people__name">{personName(id)}</span>
              </li>
            ))}
            {count > user_ids.length && <li class="people__none">{texts.message.andOthers(count - user_ids.length)}</li>}
          </ul>
        </section>
      ))}
    </Dialog>
  );
}
