// Everything about a channel, and what one may do with it.
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import type { Choice } from "../../lib/news";
import { channelPath } from "../../lib/paths";
import { dateOf } from "../../lib/time";
import { choiceFor, choose } from "../../notifications";
import { texts } from "../../texts";
import { isDirect, type Channel } from "../../wire";
import { Alert } from "../basics/Alert";
import { fullName, neighbour } from "../go/channels";
import { Dialog } from "../basics/Dialog";
import { Field } from "../basics/Field";
import { useKeptFocus } from "./focus";
import { mayAdminister, mayChange, mayLeave } from "./may";
import { Members, useMembers } from "./Members";
import { personName } from "../people/names";
import { useTask } from "../basics/task";

const PAGES = ["about", "members"] as const;
export type Page = (typeof PAGES)[number];

interface Props {
  channel: Channel;
  page: Page;
  onPage(page: Page): void;
  onClose(): void;
}

export function ChannelDetails({ channel, page, onPage, onClose }: Props) {
  const words = texts.details;
  const id = useId();
  const list = useMembers(channel);
  const names = { about: words.about, members: words.members(list.present?.length ?? null) };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = PAGES.find((name) => name !== page)!;
    onPage(other);
    document.getElementById(`${id}-${other}`)?.focus();
  };
  return (
    <Dialog title={fullName(channel)} onClose={onClose}>
      <div class="tabs" role="tablist" aria-label={words.open} onKeyDown={onKeyDown}>
        {PAGES.map((name) => (
          <button key={name} type="button" role="tab" class="tabs__tab" id={`${id}-${name}`} aria-selected={name === page} aria-controls={`${id}-page`} tabIndex={name === page ? 0 : -1} autofocus={name === page} onClick={() => onPage(name)}>
            {names[name]}
          </button>
        ))}
      </div>
      <div class="details" role="tabpanel" id={`${id}-page`} aria-labelledby={`${id}-${page}`}>
        {page === "about" ? <About channel={channel} onClose={onClose} /> : <Members channel={channel} list={list} />}
      </div>
    </Dialog>
  );
}

function About({ channel, onClose }: { channel: Channel; onClose(): void }) {
  const words = texts.details;
  const when = dateOf(channel.created_at);
  return (
    <>
      {!isDirect(channel) && <Topic channel={channel} />}
      {mayChange(channel) && <Line label={words.name} value={channel.name ?? ""} button={words.rename} maxLength={80} required onSave={(name) => app.changeChannel(channel.id, { name })} />}
      <div class="details__facts">
        <p>{words.facts[channel.kind]}</p>
        <p>{channel.created_by ? words.created(personName(channel.created_by), when) : words.createdOn(when)}</p>
        {channel.archived_at && <p>{words.archivedOn(dateOf(channel.archived_at))}</p>}
      </div>
      {channel.role && <NotificationChoice channel={channel} />}
      <Changes channel={channel} onClose={onClose} />
    </>
  );
}

function Topic({ channel }: { channel: Channel }) {
  const words = texts.channel;
  const save = (topic: string) => app.changeChannel(channel.id, { topic });
  if (mayChange(channel)) return <Line label={words.topic} value={channel.topic} button={words.save} maxLength={250} onSave={save} />;
  return (
    <section>
      <h3>{words.topic}</h3>
      <p class="details__topic">{channel.topic || texts.details.noTopic}</p>
    </section>
  );
}

interface LineProps {
  label: string;
  value: string;
  button: string;
  maxLength: number;
  required?: boolean;
  onSave(value: string): Promise<unknown>;
}

/** One line of text with its button. */
function Line({ label, value: present, button, onSave, ...rest }: LineProps) {
  const [value, setValue] = useState(present);
  const task = useTask();
  const text = value.trim();
  useEffect(() => setValue(present), [present]);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void task.run(() => onSave(text));
  };
  return (
    <form class="form form--row" onSubmit={onSubmit}>
      <Field label={label} value={value} onValue={setValue} invalid={!!task.field} {...rest} />
      <button class="button" disabled={task.busy || text === present || (rest.required && !text)}>
        {button}
      </button>
      <Alert text={task.error} />
    </form>
  );
}

function NotificationChoice({ channel }: { channel: Channel }) {
  const words = texts.notify;
  const name = useId();
  const present = choiceFor(channel);
  return (
    <fieldset class="choice">
      <legend>{words.choice}</legend>
      {(Object.keys(words.choices) as Choice[]).map((choice) => (
        <label key={choice}>
          <input type="radio" name={name} checked={choice === present} onChange={() => choose(channel, choice)} />
          {words.choices[choice]}
        </label>
      ))}
    </fieldset>
  );
}

function Changes({ channel, onClose }: { channel: Channel; onClose(): void }) {
  const words = texts.details;
  const section = useKeptFocus<HTMLElement>(`${channel.kind} ${channel.archived_at}`);
  const next = () => {
    const other = neighbour(channel.id, 1);
    return other ? channelPath(other.id) : "/browse";
  };
  const leave = async () => {
    await app.leave(channel.id, next());
    onClose();
  };
  const mayHide = mayChange(channel) && channel.kind === "public";
  const mayArchive = mayAdminister(channel) && !channel.archived_at;
  if (!mayHide && !mayArchive && !mayLeave(channel)) return null;
  return (
    <section class="details__changes" aria-label={words.changes} tabIndex={-1} ref={section}>
      {mayHide && (
        <Step name={words.makePrivate} sure={words.makePrivateSure} run={() => app.changeChannel(channel.id, { kind: "private" })} />
      )}
      {mayArchive && <Step name={words.archive} sure={words.archiveSure} danger run={() => app.archive(channel.id)} />}
      {mayLeave(channel) && (
        <Step name={texts.channel.leave} sure={channel.kind === "private" ? words.leaveSure : ""} danger run={leave} />
      )}
    </section>
  );
}

interface StepProps {
  name: string;
  /** What it means; without it nothing is asked. */
  sure: string;
  danger?: boolean;
  run(): Promise<unknown>;
}

/** Something that cannot be taken back: says what it means before it is done. */
function Step({ name, sure, danger, run }: StepProps) {
  const [asked, setAsked] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  const task = useTask();
  const explanation = useId();
  useEffect(() => void (asked && cancel.current?.focus()), [asked]);
  const onCancel = () => {
    setAsked(false);
    setTimeout(() => first.current?.focus());
  };
  const look = danger ? "button button--danger" : "button";
  const go = () => void task.run(run);
  let content: ComponentChildren = (
    <button type="button" ref={first} class={look} disabled={task.busy} onClick={sure ? () => setAsked(true) : go}>
      {name}
    </button>
  );
  if (asked) {
    content = (
      <div class="step">
        <p id={explanation}>{sure}</p>
        <div class="step__buttons">
          <button type="button" class={look} aria-describedby={explanation} disabled={task.busy} onClick={go}>
            {name}
          </button>
          <button type="button" ref={cancel} class="button" aria-describedby={explanation} onClick={onCancel}>
            {texts.dialog.cancel}
          </button>
        </div>
      </div>
    );
  }
  return (
    <>
      {content}
      <Alert text={task.error} />
    </>
  );
}
