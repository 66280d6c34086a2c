// The wall's own script: it fetches the view again, moves on to the next one, and says how old everything is, by the
// desk's clock, also when nobody answers any more.
import { tick } from "./countdown.js";

const PERIOD = Number(document.body.dataset.period) * 1000;
const STAY = Number(document.body.dataset.seconds) * 1000;
const PATIENCE = 10_000; // for one answer of the desk
const LOST = 3 * PERIOD; // without an answer: the desk is lost
const lost = document.getElementById("lost");
const clock = new Intl.DateTimeFormat("ru", { timeZone: document.body.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });

let part = document.getElementById("live");
let heard = performance.now(); // when the desk last answered
let changed = heard; // when this view came
let ahead = Number(part.dataset.now) - Date.now(); // the desk's clock against this computer's

function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function tell() {
  const now = Date.now() + ahead;
  document.getElementById("clock").textContent = clock.format(now);
  const silence = performance.now() - heard;
  lost.hidden = silence < LOST;
  document.getElementById("lost-for").textContent = span(silence);
  // That Prometheus is lost the part itself says, as loudly.
  const made = Number(part.dataset.made);
  const shown = document.getElementById("age");
  if (shown) shown.textContent = span(now - made);
  tick();
}

async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(PATIENCE) });
  if (answer.redirected) location.reload(); // the session ran out: the login page says so
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return document.adoptNode(page.getElementById("live"));
}

async function turn() {
  const moving = performance.now() - changed >= STAY;
  try {
    const fresh = await fetched(moving ? part.dataset.next : part.dataset.same);
    heard = performance.now();
    ahead = Number(fresh.dataset.now) - Date.now();
    if (moving) {
      changed = heard;
      if (fresh.dataset.same !== part.dataset.same) fresh.classList.add("arrives");
    }
    part.replaceWith(fresh);
    part = fresh;
  } catch {
    // tell() counts the silence; the next turn asks again.
  }
  tell();
  setTimeout(turn, Math.max(1000, Math.min(PERIOD, changed + STAY - performance.now())));
}

setInterval(tell, 1000);
tell();
setTimeout(turn, PERIOD);
