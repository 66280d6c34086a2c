// The living part of a page: the desk sends it after a change, or says that something changed and the page fetches it.
import { tick } from "./countdown.js";

const POLL = 5000; // milliseconds between looks where no stream can be had
const region = document.querySelector("[data-live]");
const lost = document.getElementById("lost");

async function fresh() {
  const answer = await fetch(region.dataset.live, { headers: { Accept: "text/html" } });
  if (answer.redirected) location.reload(); // the session ran out: the login page says so
  if (!answer.ok) throw new Error(String(answer.status));
  return parsed(await answer.text());
}

function parsed(text) {
  return new DOMParser().parseFromString(text, "text/html");
}

// What has the focus is found again by its address, or by its name where it is a field.
function focused(part) {
  const element = document.activeElement;
  if (!part.contains(element)) return null;
  if (element.href) return `[href="${CSS.escape(element.getAttribute("href"))}"]:not([tabindex])`;
  const name = element.getAttribute("aria-label");
  return name ? `[aria-label="${CSS.escape(name)}"]` : null;
}

function replace(page, shown) {
  const old = document.getElementById("live");
  const part = document.adoptNode(page.getElementById("live"));
  const wanted = focused(old);
  for (const kept of old.querySelectorAll("[data-part]")) part.querySelector(`#${kept.id}`)?.replaceWith(kept);
  const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
  old.replaceWith(part);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (wanted) part.querySelector(wanted)?.focus();
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

  function put(page) {
    replaceForms(page);
    replace(page, shown);
    mark = document.getElementById("live").dataset.mark;
    lost.hidden = true;
  }

  async function update(wanted) {
    if (running) return;
    running = true;
    try {
      let asked;
      do {
        asked = wanted();
        put(await fresh());
      } while (wanted() !== asked && wanted() !== mark);
    } catch {
      mark = ""; // the next word from the desk asks again
      lost.hidden = false;
    } finally {
      running = false;
    }
  }

  // A browser keeps six connections to a desk, and a seventh page with a stream of its own would never load. A page that
  // nobody sees lets its stream go, unless it rings for new tickets; the desk tells it what it missed once it is seen.
  const rings = "critical" in document.getElementById("live").dataset;
  let source = null;

  function follow() {
    if (document.hidden && !rings) {
      source?.close();
      source = null;
    } else if (!source) listen();
  }

  function listen() {
    let newest = "";
    const address = new URL(region.dataset.events || "/events", location.href);
    address.searchParams.set("mark", mark); // the desk sends only what is newer
    const opened = source = new EventSource(address);
    opened.onopen = () => { lost.hidden = true; };
    opened.addEventListener("part", (event) => put(parsed(event.data)));
    opened.onmessage = (event) => {
      newest = event.data;
      lost.hidden = true;
      if (newest !== mark) update(() => newest);
    };
    opened.onerror = () => {
      lost.hidden = false;
      if (opened.readyState !== EventSource.CLOSED) return; // the browser itself tries again
      setTimeout(async () => {
        if (source !== opened) return; // let go meanwhile
        await update(() => ""); // a session that ran out is seen here
        if (source === opened) listen();
      }, POLL);
    };
  }

  const period = Number(region.dataset.period || 0) * 1000;
  if (period || !("EventSource" in window)) setInterval(() => update(() => ""), period || POLL);
  else {
    document.addEventListener("visibilitychange", follow);
    follow();
  }
}
