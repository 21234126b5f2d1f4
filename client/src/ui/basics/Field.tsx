// A labelled text field, with a hint below it.
import type { TargetedInputEvent } from "preact";
import { useId } from "preact/hooks";

interface Props {
  label: string;
  value: string;
  onValue(value: string): void;
  hint?: string;
  invalid?: boolean;
  type?: "text" | "password" | "search" | "email";
  name?: string;
  autocomplete?: string;
  minLength?: number;
  maxLength?: number;
  required?: boolean;
  autofocus?: boolean;
  lowercase?: boolean;
}

export function Field({ label, value, onValue, hint, invalid, type = "text", lowercase, autofocus, ...rest }: Props) {
  const id = useId();
  const onInput = (event: TargetedInputEvent<HTMLInputElement>) => onValue(event.currentTarget.value);
  const names = lowercase ? { autocapitalize: "none" as const, spellcheck: false } : {};
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={type as "text"}
        value={value}
        onInput={onInput}
        aria-invalid={invalid || undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        autofocus={autofocus}
        ref={autofocus ? focusOnce : undefined}
        {...names}
        {...rest}
      />
      {hint && (
        <p class="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

const focused = new WeakSet<Element>();

function focusOnce(input: HTMLInputElement | null): void {
  if (!input || focused.has(input)) return;
  focused.add(input);
  input.focus();
}
