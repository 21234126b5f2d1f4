// What a block of code gets on the page besides its text: its language, a button that copies it, and the keyboard.
import { texts } from "../../texts";

const TOLD_MS = 2_000;

export function dressCode(element: HTMLElement): (() => void) | undefined {
  const blocks = element.querySelectorAll("pre");
  if (!blocks.length) return undefined;
  for (const block of blocks) if (!block.parentElement!.matches(".code")) wrap(block);
  return watchWidth(blocks);
}

/** The bar is no part of the block: it does not scroll with what is wide, and is not selected with it. */
function wrap(block: HTMLElement): void {
  const { language } = block.dataset;
  const frame = make("div", language ? "code code--named" : "code");
  const bar = make("div", "code__bar");
  if (language) bar.append(make("span", "code__language", language));
  bar.append(copyButton(block));
  block.replaceWith(frame);
  frame.append(block, bar);
}

function copyButton(block: HTMLElement): HTMLElement {
  const button = make("button", "code__copy", texts.code.copy);
  button.type = "button";
  button.setAttribute("aria-label", texts.code.copyLabel);
  button.addEventListener("click", async () => {
    const copied = await copy(block);
    button.textContent = copied ? texts.code.copied : texts.code.notCopied;
    button.setAttribute("aria-label", button.textContent);
    setTimeout(() => {
      button.textContent = texts.code.copy;
      button.setAttribute("aria-label", texts.code.copyLabel);
    }, TOLD_MS);
  });
  return button;
}

/** Pages without https have no clipboard to write to; there, the code is selected and the browser copies that. */
async function copy(block: HTMLElement): Promise<boolean> {
  const text = block.textContent.replace(/\n$/, "");
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(block);
    return document.execCommand("copy");
  }
}

/** Code that is wider than the page can be reached, and so scrolled, with the keyboard. */
function watchWidth(blocks: NodeListOf<HTMLElement>): () => void {
  const observer = new ResizeObserver(() => {
    for (const block of blocks)
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
  });
  for (const block of blocks) observer.observe(block);
  return () => observer.disconnect();
}

function make<Name extends keyof HTMLElementTagNameMap>(name: Name, style: string, text = ""): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = style;
  element.textContent = text;
  return element;
}
