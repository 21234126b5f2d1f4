// The reactions to a message, each to be joined or taken back.
import { useEffect, useState } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import type { Message, Reaction } from "../../wire";
import { personName } from "../people/names";

export function Chips({ message }: { message: Message }) {
  if (!message.reactions.length) return null;
  return (
    <div class="chips">
      {message.reactions.map((reaction) => (
        <Chip key={reaction.emoji} message={message} reaction={reaction} />
      ))}
    </div>
  );
}

function Chip({ message, reaction }: { message: Message; reaction: Reaction }) {
  const { emoji, count } = reaction;
  const mine = useMine(message, reaction);
  const toggle = () => app.outbox.do(mine ? "removeReaction" : "addReaction", message, { emoji });
  return (
    <button type="button" class="chip" aria-pressed={mine} aria-label={texts.message.chip(emoji, count, mine)} title={whoReacted(reaction)} onClick={toggle}>
      <span>{emoji}</span>
      <b>{count}</b>
    </button>
  );
}

/** A broadcast is the same for everyone and names a hundred people at most: whoever is not among them asks. */
function useMine({ id, changed_seq }: Message, { emoji, count, user_ids, me }: Reaction): boolean {
  const [told, setTold] = useState(false);
  const named = user_ids.includes(app.store.myId.value) || me === true;
  const unsure = !named && me === undefined && count > user_ids.length;
  useEffect(() => {
    if (!unsure) return setTold(false);
    const ask = app.api.get<{ message: Message }>(`/messages/${encodeURIComponent(id)}`);
    ask.then(({ message }) => setTold(message.reactions.some((other) => other.emoji === emoji && other.me === true))).catch(() => {});
  }, [unsure, changed_seq]);
  return named || (unsure && told);
}

const NAMED = 10;

function whoReacted({ emoji, count, user_ids }: Reaction): string {
  const names = user_ids.slice(0, NAMED).map(personName);
  if (count > names.length) names.push(texts.message.andOthers(count - names.length));
  return texts.message.reactedWith(names.join(", "), emoji);
}
