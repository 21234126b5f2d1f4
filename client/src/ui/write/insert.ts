// Puts text into a field as if it had been typed: what was there before comes back with Ctrl-Z.

export function insertText(field: HTMLTextAreaElement, from: number, to: number, text: string, start = from + text.length, end = start): void {
  field.focus();
  field.setSelectionRange(from, to);
  // The only way that browsers remember for undo; called outdated, and without a successor.
  const done = text ? document.execCommand("insertText", false, text) : from === to || document.execCommand("delete");
  if (!done) {
    field.setRangeText(text, from, to, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
  }
  field.setSelectionRange(start, end);
}

/** Where the caret is, whether or not the field has the focus. */
export const insertAtCaret = (field: HTMLTextAreaElement, text: string): void => insertText(field, field.selectionStart, field.selectionEnd, text);
