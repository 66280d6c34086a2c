// Pictures of channels: all of them in one answer, each moved into its place again when the page's part is replaced.
const host = document.querySelector("[data-mosaic]");
const PERIOD = Number(host.dataset.pictures) * 1000;
const PATIENCE = 10_000; // for one answer of the desk
const STALE = 60_000; // a picture that is older has lost its colours
const ahead = Number(document.body.dataset.now) - Date.now(); // the desk's clock against this computer's
const units = document.body.dataset.units.split(",");
const kept = new Map(); // name -> { image, moment, address }
let mark = "";

function span(milliseconds) {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [Math.floor(whole / 86400), Math.floor((whole % 86400) / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const first = Math.max(0, parts.findIndex((value) => value > 0));
  const from = whole ? first : 3;
  return parts.slice(from, from + 2).map((value, place) => `${value} ${units[from + place]}`).join(" ");
}

function put() {
  for (const place of host.querySelectorAll("[data-picture]")) {
    const found = kept.get(place.dataset.picture);
    if (found && found.image.parentNode !== place) place.replaceChildren(found.image);
  }
  tell();
}

function tell() {
  const now = Date.now() + ahead;
  const text = document.getElementById("live")?.dataset.ageText || "{}";
  for (const place of host.querySelectorAll("[data-age]")) {
    const found = kept.get(place.dataset.age);
    if (!found) continue;
    const age = now - found.moment * 1000;
    const said = text.replace("{}", span(age));
    if (place.textContent !== said) place.textContent = said;
    found.image.parentNode?.classList.toggle("stale", age > STALE);
  }
}

function take(name, moment, blob) {
  const known = kept.get(name);
  if (known?.moment === moment) return;
  const image = known?.image || document.createElement("img");
  if (known) URL.revokeObjectURL(known.address);
  const address = URL.createObjectURL(blob);
  image.alt = ""; // the name and the state are beside it in words
  image.decoding = "async";
  image.src = address;
  kept.set(name, { image, moment, address });
}

async function fetched() {
  if (!host.querySelector("[data-picture]")) return; // the wall shows another view
  const answer = await fetch(`${host.dataset.mosaic}?mark=${encodeURIComponent(mark)}`, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok || answer.redirected || answer.status === 204) return;
  const body = await answer.arrayBuffer();
  const bytes = new Uint8Array(body);
  const end = bytes.indexOf(10);
  const listed = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  let at = end + 1;
  const names = new Set();
  for (const [name, moment, size] of listed) {
    take(name, moment, new Blob([bytes.subarray(at, at + size)], { type: "image/jpeg" }));
    names.add(name);
    at += size;
  }
  for (const [name, each] of kept) {
    if (names.has(name)) continue;
    URL.revokeObjectURL(each.address);
    each.image.remove();
    kept.delete(name);
  }
  mark = answer.headers.get("X-Pictures-Mark") || "";
  put();
}

async function turn() {
  try {
    await fetched();
  } catch {
    // The ages go on and say how old the pictures are; the next turn asks again.
  }
  setTimeout(turn, PERIOD);
}

// The wall comes to its view of channels later than the script.
let asked = performance.now();
function replaced() {
  put();
  const missing = [...host.querySelectorAll("[data-picture]")].some((place) => place.dataset.picture && !kept.has(place.dataset.picture));
  if (!missing || performance.now() - asked < 3000) return;
  asked = performance.now();
  fetched().catch(() => {}); // the next turn asks again
}

new MutationObserver(replaced).observe(host, { childList: true });
setInterval(tell, 1000);
turn();
