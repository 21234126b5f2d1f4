// How this browser is to look and behave. A section per matter; each choice holds at once.
import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import { DENSITIES, THEMES, density, theme } from "../../look";
import { texts } from "../../texts";
import { Dialog, Section } from "../basics/Dialog";
import { NotificationSettings } from "./NotificationSettings";

export function Preferences({ onClose }: { onClose(): void }) {
  const words = texts.preferences;
  return (
    <Dialog title={words.title} onClose={onClose}>
      <p class="form__lead">{words.kept}</p>
      <Section title={words.appearance}>
        <Choice label={words.theme} values={THEMES} names={words.themes} chosen={theme} />
        <Choice label={words.density} values={DENSITIES} names={words.densities} chosen={density} />
      </Section>
      <NotificationSettings />
    </Dialog>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  values: readonly Value[];
  names: Readonly<Record<Value, string>>;
  chosen: Signal<Value>;
}

/** One of a few, side by side. */
export function Choice<Value extends string>({ label, values, names, chosen }: ChoiceProps<Value>) {
  const group = useId();
  return (
    <fieldset class="segments">
      <legend>{label}</legend>
      <div class="segments__row">
        {values.map((value) => (
          <label key={value} class="segments__one">
            <input type="radio" name={group} checked={chosen.value === value} onChange={() => (chosen.value = value)} />
            <span>{names[value]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
