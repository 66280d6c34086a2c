// The desk says that something changed; the page then fetches its own living part and puts it in place.
import { tick } from "./countdown.js";

const region = document.querySelector("[data-live]");
const lost = document.getElementById("lost");

function focusedAddress(part) {
  const element = document.activeElement;
  return part.contains(element) ? element.getAttribute("href") : null;
}

async function fresh() {
  const answer = await fetch(region.dataset.live, { headers: { Accept: "text/html" } });
  if (answer.redirected) location.reload(); // the session ran out: the login page says so
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function replace(page, shown) {
  const old = document.getElementById("live");
  const part = document.adoptNode(page.getElementById("live"));
  const address = focusedAddress(old);
  old.replaceWith(part);
  if (address) part.querySelector(`[href="${CSS.escape(address)}"]:not([tabindex])`)?.focus();
  tick();
  shown(part);
}

// Forms stay as they are while somebody writes in them: the version they carry is the one the writer saw.
function replaceForms(page) {
  const old = document.getElementById("actions");
  const part = page.getElementById("actions");
  if (!old || !part) return;
  const fields = [...old.querySelectorAll("textarea, input:not([type=hidden])")];
  const busy = fields.some((field) => field.value !== field.defaultValue || field === document.activeElement);
  if (busy) {
    const version = (root) => root.querySelector("[name=version]")?.value;
    if (version(old) !== version(part)) document.getElementById("changed").hidden = false;
  } else {
    const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
    old.replaceWith(document.adoptNode(part));
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  }
}

export function live(shown) {
  if (!region) return;
  shown(document.getElementById("live"));
  let mark = document.getElementById("live").dataset.mark;
  let running = false;

  async function update(wanted) {
    if (running) return;
    running = true;
    try {
      let asked;
      do {
        asked = wanted();
        const page = await fresh();
        replaceForms(page);
        replace(page, shown);
        mark = document.getElementById("live").dataset.mark;
        lost.hidden = true;
      } while (wanted() !== asked && wanted() !== mark);
    } catch {
      mark = ""; // the next word from the desk asks again
      lost.hidden = false;
    } finally {
      running = false;
    }
  }

  const period = Number(region.dataset.period || 0);
  if (period) {
    setInterval(() => update(() => ""), period * 1000);
    return;
  }
  let newest = "";
  const source = new EventSource("/events");
  source.onmessage = (event) => {
    newest = event.data;
    lost.hidden = true;
    if (newest !== mark) update(() => newest);
  };
  source.onerror = () => { lost.hidden = false; };
}
