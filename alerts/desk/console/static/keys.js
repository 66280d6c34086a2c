// One-key shortcuts by the key's place, so that they work in the Russian layout too. Never while somebody writes.
import { pick } from "./picks.js";

const help = document.getElementById("help");

function writing() {
  return document.activeElement?.matches("input:not([type=checkbox]), textarea, select");
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const place = rows.indexOf(document.activeElement?.closest("tr")?.querySelector("[data-row]"));
  const next = place < 0 ? (by > 0 ? 0 : rows.length - 1) : place + by;
  rows[next]?.focus();
}

function press(code) {
  const target = document.querySelector(`[data-key="${code}"]`);
  if (!target) return false;
  if (target.matches("details")) {
    target.open = true;
    target.querySelector("textarea, input:not([type=hidden]), select, button")?.focus();
  } else {
    target.click();
  }
  return true;
}

function act(event) {
  switch (event.code) {
    case "KeyJ": step(1); return true;
    case "KeyK": step(-1); return true;
    case "KeyQ": location.href = "/"; return true;
    case "KeyM": document.getElementById("mute")?.click(); return true;
    case "KeyX": return pick() || press(event.code);
    // A check box does it by itself.
    case "Space": return document.activeElement?.matches("[data-row]") && pick();
    default: return press(event.code);
  }
}

export function keys() {
  if (!help) return;
  const button = document.getElementById("keys");
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    if (event.key === "Escape" && writing()) {
      document.activeElement.closest("details")?.removeAttribute("open");
      document.activeElement.blur();
      return;
    }
    if (writing()) return;
    let done = true;
    // "?" and "/" stand elsewhere in the Russian layout; both of their keys are taken.
    if (event.key === "?" || (event.code === "Slash" && event.shiftKey) || event.key === "F1") help.showModal();
    else if (event.key === "/" || event.code === "Slash") document.querySelector("[type=search]")?.focus();
    else done = !event.shiftKey && act(event);
    if (done) event.preventDefault();
  });
}
