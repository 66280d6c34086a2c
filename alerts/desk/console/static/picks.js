// The selection in the queue: kept by ticket through every live update, each with the version that its picker saw.
const form = document.getElementById("bulk");
const picked = new Map();

function boxes() {
  return [...document.querySelectorAll("[form=bulk][name=pick]")];
}

function number(box) {
  return box.value.split(".")[0];
}

function note(box) {
  if (box.checked) picked.set(number(box), box.value);
  else picked.delete(number(box));
}

function count() {
  const all = form.querySelector("[data-all]");
  const seen = boxes();
  const changed = seen.filter((box) => box.checked && box.dataset.changed).length;
  all.checked = seen.length > 0 && picked.size === seen.length;
  all.indeterminate = picked.size > 0 && picked.size < seen.length;
  const line = document.getElementById("chosen");
  line.hidden = picked.size === 0;
  line.querySelector("strong").textContent = picked.size;
  line.querySelector(".late").hidden = changed === 0;
  line.querySelector(".late strong").textContent = changed;
  for (const button of form.querySelectorAll("[name=do]")) button.disabled = picked.size === 0;
}

// Returns what a fresh part of the page is shown to: what was picked in the old one is picked in the new one, with the
// old version, so that the desk refuses what its picker has not seen.
export function picks() {
  if (!form) return () => {};
  // The answer to the form is the queue itself: loading it again must not send the form again.
  if (location.pathname !== "/") history.replaceState(null, "", `/${location.search}`);
  const all = form.querySelector("[name=all]");
  // Without scripts it stands for all tickets shown. With scripts it ticks their boxes: one that arrives later is not meant.
  all.removeAttribute("name");
  all.dataset.all = "";
  for (const box of boxes()) note(box);
  document.addEventListener("change", ({ target }) => {
    if (target === all) {
      for (const box of boxes()) {
        if (box.checked !== all.checked) {
          box.checked = all.checked;
          note(box);
        }
      }
    } else if (target.matches("[form=bulk][name=pick]")) note(target);
    else return;
    count();
  });
  return () => {
    const here = new Set();
    for (const box of boxes()) {
      const old = picked.get(number(box));
      here.add(number(box));
      box.checked = old !== undefined;
      if (old !== undefined && old !== box.value) {
        box.value = old;
        box.dataset.changed = "yes";
      }
    }
    for (const each of [...picked.keys()]) if (!here.has(each)) picked.delete(each);
    count();
  };
}

// Ticks or clears the row that has the focus; says whether there is one.
export function pick() {
  const box = document.activeElement?.closest("tr")?.querySelector("[form=bulk][name=pick]");
  box?.click();
  return Boolean(box);
}
