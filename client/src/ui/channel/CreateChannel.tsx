// Making a channel.
import { useState } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import { Alert } from "../basics/Alert";
import { Dialog } from "../basics/Dialog";
import { Field } from "../basics/Field";
import { useTask } from "../basics/task";

export function CreateChannel({ onClose }: { onClose(): void }) {
  const words = texts.create;
  const [name, setName] = useState("");
  const [topic, setTopic] = useState("");
  const [kind, setKind] = useState<"public" | "private">("public");
  const task = useTask();
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    const channel = topic.trim() ? { name: name.trim(), kind, topic: topic.trim() } : { name: name.trim(), kind };
    if (await task.run(() => app.createChannel(channel))) onClose();
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form class="form" onSubmit={onSubmit}>
        <Field label={words.name} value={name} onValue={setName} hint={words.nameHint} maxLength={80} required autofocus invalid={task.field === "name"} />
        <Field label={words.topic} value={topic} onValue={setTopic} maxLength={250} />
        <fieldset class="choice">
          <legend>{words.kind}</legend>
          {(["public", "private"] as const).map((value) => (
            <label key={value}>
              <input type="radio" name="kind" value={value} checked={kind === value} onChange={() => setKind(value)} />
              <span>
                <b>{words[value]}</b>: {words[`${value}Hint`]}
              </span>
            </label>
          ))}
        </fieldset>
        <Alert text={task.error} />
        <div class="form__actions">
          <button type="button" class="button" onClick={onClose}>
            {texts.dialog.cancel}
          </button>
          <button class="button button--primary" disabled={task.busy || !name.trim()}>
            {words.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
